package moim.relay.stream;

import java.nio.ByteBuffer;
import java.util.List;

/** Cuts the bytes of an answer where something of our own may be written in between. None is added, none is lost. */
interface Cutting {
    /** The frames that are whole with this piece. */
    List<Frame> feed(ByteBuffer piece) throws FrameTooLong;

    /** What is left behind the last whole one. */
    byte[] rest();
}
