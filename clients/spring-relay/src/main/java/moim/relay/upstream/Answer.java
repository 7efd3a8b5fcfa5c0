package moim.relay.upstream;

import java.net.http.HttpHeaders;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Flow;

/** What the server has answered. */
public sealed interface Answer {
    int status();

    HttpHeaders headers();

    /** One that is all there: a JSON object, a refusal, nothing. */
    record Whole(int status, HttpHeaders headers, byte[] body) implements Answer {}

    /** One that is still coming. Whoever has it must subscribe to its pieces, or its connection is never let go. */
    record Coming(int status, HttpHeaders headers, Flow.Publisher<List<ByteBuffer>> pieces) implements Answer {}
}
