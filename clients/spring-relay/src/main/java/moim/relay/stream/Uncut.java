package moim.relay.stream;

import java.nio.ByteBuffer;
import java.util.List;

/** For answers that are no event streams (the text protocol of the AI SDK): pieces as they come. */
final class Uncut implements Cutting {
    @Override
    public List<Frame> feed(ByteBuffer piece) {
        byte[] bytes = new byte[piece.remaining()];
        piece.get(bytes);
        return List.of(new Frame(bytes, "text"));
    }

    @Override
    public byte[] rest() {
        return new byte[0];
    }
}
