package moim.relay.stream;

import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import moim.relay.caller.Caller;
import moim.relay.capacity.Capacity;
import moim.relay.capacity.Place;
import moim.relay.upstream.Answer;
import moim.relay.upstream.Asks;
import moim.relay.upstream.PassedOn;
import moim.relay.upstream.Upstream;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Service;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** Opens streams: finds a place, asks the server, and answers with its status and what comes behind it. */
@Service
class Relay {
    private final Asks asks;
    private final Upstream upstream;
    private final Capacity capacity;
    private final Streams streams;
    private final StreamProperties properties;

    Relay(Asks asks, Upstream upstream, Capacity capacity, Streams streams, StreamProperties properties) {
        this.asks = asks;
        this.upstream = upstream;
        this.capacity = capacity;
        this.streams = streams;
        this.properties = properties;
    }

    /** A stream whose leaving stops the model. It was asked once, so it may be read to its end. */
    CompletableFuture<ResponseEntity<SseEmitter>> attached(String path, Caller caller, HttpServletRequest request) {
        return open(path, caller, request, properties.pulse(), null);
    }

    /** A reading of a run that goes on without it. It ends with its reader's token. */
    CompletableFuture<ResponseEntity<SseEmitter>> reading(String path, Caller caller, HttpServletRequest request) {
        return open(path, caller, request, properties.ping(), caller.until());
    }

    private CompletableFuture<ResponseEntity<SseEmitter>> open(
            String path, Caller caller, HttpServletRequest request, Duration pulse, Instant until) {
        Place place = capacity.streams().take(caller.name()); // before the body, which may be slow to come
        try {
            return upstream.stream(asks.of(request, path, caller))
                    .thenApply(answer -> response(answer, pulse, until, place))
                    .whenComplete((response, refused) -> {
                        if (refused != null) {
                            place.close();
                        }
                    });
        } catch (RuntimeException refused) {
            place.close();
            throw refused;
        }
    }

    private ResponseEntity<SseEmitter> response(Answer answer, Duration pulse, Instant until, Place place) {
        if (answer instanceof Answer.Coming coming) {
            return ResponseEntity.status(coming.status())
                    .headers(PassedOn.headers(coming))
                    .header(HttpHeaders.CACHE_CONTROL, "no-cache, no-store, no-transform")
                    .header("x-accel-buffering", "no") // says to nginx what it may not have been told
                    .body(streams.join(coming, pulse, until, place::close));
        }
        throw new AnsweredWhole((Answer.Whole) answer);
    }
}
