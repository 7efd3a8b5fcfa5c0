package moim.relay.stream;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts an event stream behind its blank lines, wherever its pieces were cut; lines end in LF, CR or both.
 *
 * <p>Of an end in CR LF the LF may come in the next piece. A frame is not held back for it: it then stands before the
 * next frame, where it is one more blank line and means nothing.
 */
final class Frames implements Cutting {
    private final int longest;
    private final ByteArrayOutputStream held = new ByteArrayOutputStream();
    private boolean lineIsEmpty = true;
    private boolean behindCr;

    Frames(int longest) {
        this.longest = longest;
    }

    @Override
    public List<Frame> feed(ByteBuffer piece) throws FrameTooLong {
        List<Frame> whole = new ArrayList<>();
        while (piece.hasRemaining()) {
            byte next = piece.get();
            held.write(next);
            if (endsFrame(next)) {
                whole.add(Frame.of(rest()));
            } else if (held.size() >= longest) {
                throw new FrameTooLong(longest);
            }
        }
        return whole;
    }

    @Override
    public byte[] rest() {
        byte[] rest = held.toByteArray();
        held.reset();
        return rest;
    }

    private boolean endsFrame(byte next) {
        boolean secondHalf = next == '\n' && behindCr;
        behindCr = next == '\r';
        if (secondHalf) {
            return false;
        }
        boolean endsLine = next == '\n' || next == '\r';
        boolean blank = endsLine && lineIsEmpty;
        lineIsEmpty = endsLine;
        return blank;
    }
}
