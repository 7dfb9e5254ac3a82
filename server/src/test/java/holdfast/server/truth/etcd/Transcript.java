package holdfast.server.truth.etcd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What one side answered, step by step, with everything masked that may differ between two clusters: ids,
/// terms, ports, log indexes, sizes and times.
record Transcript(List<Step> steps) {
    record Step(String asked, String answered) {}

    private record Mask(Pattern pattern, String by) {}

    private static final List<Mask> MASKS = List.of(
            mask(
                    "\"(cluster_id|member_id|raft_term|leader|raftIndex|raftTerm|raftAppliedIndex|dbSize|dbSizeInUse)\":\\d+",
                    "\"$1\":#"),
            mask(
                    "\"(ClusterID|MemberID|RaftTerm|Leader|RaftIndex|RaftAppliedIndex|DBSize|DBSizeInUse)\" ?: ?\\d+",
                    "\"$1\" : #"),
            mask("(cluster_id|member_id|raft_term): ?-?\\d+", "$1:#"),
            mask("(\\d\\.\\d\\.\\d), [0-9.]+ \\w?B, [0-9.]+ \\w?B, \\d+%", "$1, #, #, #%"),
            mask("(true|false), (true|false), \\d+, \\d+, \\d+", "$1, $2, #, #, #"),
            mask("\"ts\":\"[^\"]*\"", "\"ts\":#"),
            mask("\"target\":\"[^\"]*\"", "\"target\":#"),
            mask("\"peer\":\"[^\"]*\"", "\"peer\":#"),
            mask("\"hash\":\\d+", "\"hash\":#"),
            mask("(127\\.0\\.0\\.1:\\d+), \\d+, (\\d+)\n", "$1, #, $2\n"), // hashkv
            mask("took \\d[0-9.]*[mµn]?s", "took #"),
            mask("ETCD_INITIAL_CLUSTER=.*", "ETCD_INITIAL_CLUSTER=#"), // in the order of random ids
            mask("took = [0-9.]+[mµn]?s", "took = #"),
            mask("\"took\":\"[^\"]*\"", "\"took\":#"),
            mask("remaining\\(\\d+s\\)", "remaining(#)"),
            mask("(\"granted-ttl\":\\d+,)?\"ttl\":\\d+,\"granted-ttl\"", "\"ttl\":#,\"granted-ttl\""),
            mask("\"TTL\" : \\d+\n\"GrantedTTL\"", "\"TTL\" : #\n\"GrantedTTL\""),
            mask("https?://(127\\.0\\.0\\.1|localhost):\\d+", "URL"),
            mask("(127\\.0\\.0\\.1|localhost):\\d+", "HOST"),
            mask("\\b(m0|n1)\\b", "NAME"), // the first member of either
            mask("(Member|cluster) +(?=[0-9a-f]{12})", "$1 "), // padded
            mask("latest balancer error: [^}]*", "latest balancer error: #\""),
            mask("/[^ \"]*/(etcd|ours)/", "/FOLDER/"),
            mask("\"size\":\"[^\"]*\"", "\"size\":#"),
            mask("\\b[0-9a-f]{12,16}\\b", "ID"),
            mask("-?\\b\\d{14,20}\\b", "ID"));

    private static Mask mask(String pattern, String by) {
        return new Mask(Pattern.compile(pattern), by);
    }

    static String masked(String text) {
        String masked = text;
        for (Mask mask : MASKS) masked = mask.pattern.matcher(masked).replaceAll(mask.by);
        return masked;
    }

    /// What was masked, in an order of its own: for members, which every cluster sorts by its own random ids.
    static String sorted(String masked) {
        return Arrays.stream(masked.split("\n|(?<=}),(?=\\{)|(?<=\\[)(?=\\{)|(?<=})(?=])"))
                .sorted()
                .collect(Collectors.joining("\n"));
    }

    /// The steps in which the two differ, with both answers.
    List<String> differencesTo(Transcript other) {
        List<String> differences = new ArrayList<>();
        for (int step = 0; step < Math.max(steps.size(), other.steps.size()); step++) {
            Step mine = step < steps.size() ? steps.get(step) : new Step("(no step)", "");
            Step theirs = step < other.steps.size() ? other.steps.get(step) : new Step("(no step)", "");
            if (!mine.equals(theirs))
                differences.add("step " + step + "\n" + mine.asked + "\n--- etcd\n" + mine.answered + "\n--- ours"
                        + (mine.asked.equals(theirs.asked) ? "" : " to " + theirs.asked) + "\n" + theirs.answered
                        + "\n");
        }
        return differences;
    }
}
