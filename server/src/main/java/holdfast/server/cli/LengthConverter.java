package holdfast.server.cli;

import holdfast.server.ledger.Lengths;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Lengths of time on the command line: `500ms`, `15s`, `10min`, `1h`, `7d`.
final class LengthConverter implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
        return Lengths.parse(text)
                .orElseThrow(
                        () -> new TypeConversionException("'" + text + "' is no length such as 500ms, 15s, 10min"));
    }
}
