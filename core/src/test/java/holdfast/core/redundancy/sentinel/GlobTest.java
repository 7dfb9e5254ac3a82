package holdfast.core.redundancy.sentinel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class GlobTest {
    @ParameterizedTest
    @CsvSource({
        "*, anything, true",
        "+sw*, +switch-master, true",
        "*-master, +switch-master, true",
        "*a*b, xaxb, true",
        "*a*b, xaxbc, false",
        "h?llo, hello, true",
        "h?llo, hllo, false",
        "h[ae]llo, hallo, true",
        "h[a-c]llo, hbllo, true",
        "h[^a]llo, hallo, false",
        "h[^a]llo, hello, true",
        "a\\*, a*, true",
        "a\\*, ab, false",
        "'', '', true",
        "a, '', false"
    })
    void pattern_asRedisKnowsThem(String pattern, String text, boolean matches) {
        assertThat(Glob.matches(pattern, text)).isEqualTo(matches);
    }
}
