package moim.relay.stream;

import jakarta.servlet.http.HttpServletRequest;
import java.util.concurrent.CompletableFuture;
import moim.relay.caller.Callers;
import moim.relay.upstream.PassedOn;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** What is answered as it comes: streams, and readings of runs. */
@RestController
@RequestMapping("/ai")
class StreamController {
    private static final String CHAIN = "/{chain:[a-z0-9_-]{1,64}}";
    private static final String PROTOCOL = "/{protocol:[a-z0-9-]{1,32}}";

    private final Relay relay;
    private final Callers callers;

    StreamController(Relay relay, Callers callers) {
        this.relay = relay;
        this.callers = callers;
    }

    @PostMapping(CHAIN + "/stream")
    CompletableFuture<ResponseEntity<SseEmitter>> stream(
            @PathVariable String chain, @AuthenticationPrincipal Jwt token, HttpServletRequest request) {
        return relay.attached("/" + chain + "/stream", callers.of(token), request);
    }

    /** The same for clients that cannot add a query. */
    @PostMapping(CHAIN + "/stream" + PROTOCOL)
    CompletableFuture<ResponseEntity<SseEmitter>> streamIn(
            @PathVariable String chain,
            @PathVariable String protocol,
            @AuthenticationPrincipal Jwt token,
            HttpServletRequest request) {
        return relay.attached("/" + chain + "/stream/" + protocol, callers.of(token), request);
    }

    @GetMapping("/runs/{id:[A-Za-z0-9-]{1,64}}/events")
    CompletableFuture<ResponseEntity<SseEmitter>> events(
            @PathVariable String id, @AuthenticationPrincipal Jwt token, HttpServletRequest request) {
        return relay.reading("/runs/" + id + "/events", callers.of(token), request);
    }

    @ExceptionHandler
    ResponseEntity<byte[]> whole(AnsweredWhole answered) {
        return PassedOn.whole(answered.answer());
    }
}
