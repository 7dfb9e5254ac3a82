package holdfast.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemberFlagsTest {
    @Test
    void knownFlags_withAndWithoutEqualsSign_areReadAsPicocliReadsThem() {
        MemberFlags flags = MemberFlags.plain(List.of(
                "--name=n1", "--data-dir", "some folder", "--initial-cluster=n1=a:1,n2=b:2", "--repair", "--loop="));

        assertThat(flags)
                .isEqualTo(new MemberFlags(
                        Map.of("name", "n1", "data-dir", "some folder", "initial-cluster", "n1=a:1,n2=b:2", "loop", ""),
                        null,
                        true));
    }

    @Test
    void configFile_isNoSetting() {
        assertThat(MemberFlags.plain(List.of("--config=member.yaml")))
                .isEqualTo(new MemberFlags(Map.of(), Path.of("member.yaml"), false));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "-h",
                "--version",
                "--nmae=n1",
                "n1",
                "--name",
                "--name --loop=off",
                "--name @file",
                "@file",
                "--name=n1 --name=n2",
                "--repair --repair",
                "--repair=true",
                "--store=http://127.0.0.1:2379"
            })
    void whateverIsNotPlain_isLeftToPicocli(String line) {
        assertThat(MemberFlags.plain(List.of(line.split(" ", -1)))).isNull();
    }
}
