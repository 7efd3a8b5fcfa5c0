package moim.relay.upstream;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import moim.relay.caller.Caller;
import moim.relay.refusal.Reason;
import moim.relay.refusal.Refusal;
import org.springframework.stereotype.Component;

/** Makes of a user's request what is asked of the server. What is not listed here does not pass. */
@Component
public class Asks {
    private static final Set<String> QUERIES = Set.of("events", "ping", "detach", "last_event_id", "protocol");
    private static final List<String> HEADERS =
            List.of("content-type", "idempotency-key", "last-event-id", "traceparent");

    /** As it was written, so that nothing is decoded and encoded again. */
    private static final Pattern QUERY_VALUE = Pattern.compile("(?:[A-Za-z0-9_.~,+-]|%[0-9A-Fa-f]{2}){0,1024}");

    /** What Java's client writes unchanged: beyond ASCII it would write "?", and make one key of two. */
    private static final Pattern HEADER_VALUE = Pattern.compile("[ -~]{0,1024}");

    private final int largest;

    Asks(UpstreamProperties properties) {
        this.largest = Math.toIntExact(properties.requestBytes().toBytes());
    }

    /** A user's request for this path of the server's, with its body. {@link Refusal} if it cannot be passed on. */
    public Ask of(HttpServletRequest request, String path, Caller caller) {
        return new Ask(
                caller, request.getMethod(), path, query(request.getQueryString()), headers(request), body(request));
    }

    private static String query(String written) {
        if (written == null) {
            return "";
        }
        String passed = Arrays.stream(written.split("&"))
                .filter(pair -> QUERIES.contains(pair.split("=", 2)[0]))
                .map(Asks::sound)
                .collect(Collectors.joining("&"));
        return passed.isEmpty() ? "" : "?" + passed;
    }

    private static String sound(String pair) {
        String[] parts = pair.split("=", 2);
        if (parts.length == 2 && !QUERY_VALUE.matcher(parts[1]).matches()) {
            throw new Refusal(Reason.INVALID_REQUEST);
        }
        return pair;
    }

    private static Map<String, List<String>> headers(HttpServletRequest request) {
        Map<String, List<String>> passed = new LinkedHashMap<>();
        for (String name : HEADERS) {
            List<String> values = Collections.list(request.getHeaders(name));
            if (!values.stream().allMatch(value -> HEADER_VALUE.matcher(value).matches())) {
                throw new Refusal(Reason.INVALID_REQUEST);
            }
            passed.put(name, values);
        }
        return passed;
    }

    private byte[] body(HttpServletRequest request) {
        if (request.getContentLengthLong() > largest) {
            throw new Refusal(Reason.REQUEST_TOO_LARGE);
        }
        byte[] body = read(request);
        if (body.length > largest) {
            throw new Refusal(Reason.REQUEST_TOO_LARGE);
        }
        return body;
    }

    /** The body, or more of it than may pass: it may have come without a length. */
    private byte[] read(HttpServletRequest request) {
        try {
            return request.getInputStream().readNBytes(largest + 1);
        } catch (IOException brokenOff) {
            throw new Refusal(Reason.INVALID_REQUEST, brokenOff);
        }
    }
}
