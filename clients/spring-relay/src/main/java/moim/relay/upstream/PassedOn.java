package moim.relay.upstream;

import java.util.List;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;

/** Which of the server's headers users get; the others are between it and us. */
public final class PassedOn {
    private static final List<String> HEADERS =
            List.of("content-type", "retry-after", "x-vercel-ai-ui-message-stream");

    private PassedOn() {}

    /** A whole answer, as it is. */
    public static ResponseEntity<byte[]> whole(Answer.Whole answer) {
        return ResponseEntity.status(answer.status())
                .headers(headers(answer))
                .cacheControl(CacheControl.noStore())
                .body(answer.body().length > 0 ? answer.body() : null);
    }

    /** The headers of an answer that are passed on. */
    public static HttpHeaders headers(Answer answer) {
        HttpHeaders passed = new HttpHeaders();
        for (String name : HEADERS) {
            answer.headers().firstValue(name).ifPresent(value -> passed.set(name, value));
        }
        return passed;
    }
}
