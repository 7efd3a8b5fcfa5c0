package moim.relay.stream;

import java.io.IOException;
import java.util.Set;
import org.springframework.http.MediaType;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/**
 * An {@link SseEmitter} that sends bytes as they are, each time at once.
 *
 * <p>Spring's own events are made of fields: they would write {@code data:} without its blank, of several lines make
 * others, and lose comments.
 */
final class RawEmitter extends SseEmitter {
    /** So that bytes are written by the one converter that adds nothing. */
    private static final MediaType BYTES = MediaType.APPLICATION_OCTET_STREAM;

    RawEmitter() {
        super(0L); // no time limit of the container's: limits are the stream's own
    }

    /** Sends bytes, and waits until the connection has taken them. No bytes send what stands before them: the head. */
    void write(byte[] bytes) throws IOException {
        send(Set.of(new DataWithMediaType(bytes, BYTES)));
    }

    /** Sends bytes, unless others are waiting to be taken. */
    void writeIfFree(byte[] bytes) throws IOException {
        if (writeLock.tryLock()) {
            try {
                write(bytes);
            } finally {
                writeLock.unlock();
            }
        }
    }
}
