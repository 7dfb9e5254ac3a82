package holdfast.server.base;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class GoNumberTest {
    /// What Go 1.26 prints with `strconv.FormatFloat(x, 'g', -1, 64)`.
    @ParameterizedTest
    @CsvSource({
        "0.0, 0",
        "1.0, 1",
        "-1.0, -1",
        "20480.0, 20480",
        "999999.0, 999999",
        "1000000.0, 1e+06",
        "1234567.0, 1.234567e+06",
        "2147483648.0, 2.147483648e+09",
        "0.0001, 0.0001",
        "0.00001, 1e-05",
        "0.1024, 0.1024",
        "123.456, 123.456",
        "1e22, 1e+22",
        "-2.5e-7, -2.5e-07",
        "1.7976931348623157E308, 1.7976931348623157e+308",
        "NaN, NaN",
        "Infinity, +Inf",
    })
    void number_isWritten_asGoDoes(double value, String text) {
        assertThat(GoNumber.text(value)).isEqualTo(text);
    }

    @Test
    void page_keepsCommentsAndLabels() {
        assertThat(GoNumber.page("# HELP a 1.0 is 2.0\na 3.0\nb{le=\"1.0\",x=\"a b\"} 4.0E7\nc{le=\"+Inf\"} +Inf\n"))
                .isEqualTo("# HELP a 1.0 is 2.0\na 3\nb{le=\"1.0\",x=\"a b\"} 4e+07\nc{le=\"+Inf\"} +Inf\n");
    }
}
