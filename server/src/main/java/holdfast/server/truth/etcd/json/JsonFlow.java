package holdfast.server.truth.etcd.json;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;

/// Cuts what a client sends into JSON values, chunk by chunk. What is not yet whole is kept, up to a bound.
public final class JsonFlow {
    private final JsonScanner scanner = new JsonScanner();
    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();
    private final int valueBytesMax;

    /// @param valueBytesMax a longer value is refused
    public JsonFlow(int valueBytesMax) {
        this.valueBytesMax = valueBytesMax;
    }

    /// Takes one value.
    @FunctionalInterface
    public interface OnValue {
        void take(String json) throws BadJson;
    }

    /// Hands over the values that end in `chunk`, in order, each before the next is looked at.
    ///
    /// @param valuesMax what follows after so many values is passed over
    /// @throws BadJson where the flow stops being JSON, or `found` threw it
    public void take(byte[] chunk, int valuesMax, OnValue found) throws BadJson {
        int from = 0;
        int values = 0;
        for (int index = 0; index < chunk.length && values < valuesMax; index++) {
            switch (scanner.step(chunk[index] & 0xff)) {
                case BEFORE -> from = index + 1;
                case INSIDE -> {
                    // it goes on
                }
                case ENDED -> {
                    values++;
                    found.take(cut(chunk, from, index + 1));
                    from = index + 1;
                }
                case ENDED_BEFORE -> {
                    values++;
                    found.take(cut(chunk, from, index));
                    from = index--;
                }
            }
        }
        if (scanner.isInside()) keep(chunk, from, chunk.length);
    }

    /// Hands over the value that only the end of the flow ends, a number, if there is one.
    ///
    /// @throws BadJson when the flow ended inside a value, or `found` threw it
    public void end(OnValue found) throws BadJson {
        if (!scanner.mayEnd()) throw new BadJson("unexpected EOF");
        if (begun.size() > 0) found.take(cut(new byte[0], 0, 0));
    }

    private String cut(byte[] chunk, int from, int to) throws BadJson {
        keep(chunk, from, to);
        String value = begun.toString(UTF_8);
        begun.reset();
        scanner.restart();
        return value;
    }

    private void keep(byte[] chunk, int from, int to) throws BadJson {
        if (begun.size() + (to - from) > valueBytesMax)
            throw new BadJson("a value of more than " + valueBytesMax + " bytes");
        begun.write(chunk, from, to - from);
    }
}
