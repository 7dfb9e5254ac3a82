package holdfast.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Gathers pairs of figures, one of each store and round, and prints medians and the ratio with its spread.
final class Table {
    private record Row(String work, String unit, double etcd, double holdfast, String ratio) {}

    private final List<Row> rows = new ArrayList<>();

    /// @param moreIsBetter throughput; else the ratio is turned, so that more than 1 is always ours
    void add(String work, String unit, double[] holdfast, double[] etcd, boolean moreIsBetter) {
        double[] ratios = new double[holdfast.length];
        for (int round = 0; round < ratios.length; round++) {
            ratios[round] = moreIsBetter ? holdfast[round] / etcd[round] : etcd[round] / holdfast[round];
        }
        Arrays.sort(ratios);
        Row row = new Row(
                work,
                unit,
                median(etcd),
                median(holdfast),
                String.format(
                        Locale.ROOT, "%.2f (%.2f to %.2f)", median(ratios), ratios[0], ratios[ratios.length - 1]));
        rows.add(row);
        System.out.println(line(row));
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    void print() {
        System.out.println();
        System.out.println("| work | unit | etcd | holdfast | better by (spread) |");
        System.out.println("|---|---|---|---|---|");
        rows.forEach(row -> System.out.println(line(row)));
    }

    private static String line(Row row) {
        return String.format(
                Locale.ROOT,
                "| %s | %s | %s | %s | %s |",
                row.work(),
                row.unit(),
                figure(row.etcd()),
                figure(row.holdfast()),
                row.ratio());
    }

    private static String figure(double value) {
        return String.format(Locale.ROOT, value >= 100 ? "%,.0f" : "%.2f", value);
    }
}
