package moim.relay.run;

import jakarta.servlet.http.HttpServletRequest;
import java.util.concurrent.CompletableFuture;
import moim.relay.caller.Caller;
import moim.relay.caller.Callers;
import moim.relay.capacity.Capacity;
import moim.relay.capacity.Place;
import moim.relay.upstream.Asks;
import moim.relay.upstream.PassedOn;
import moim.relay.upstream.Upstream;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** All about runs but their events: begun, looked at, typed into, stopped. What the server answers is passed on. */
@RestController
@RequestMapping("/ai")
class RunController {
    private static final String RUN = "/runs/{id:[A-Za-z0-9-]{1,64}}";

    private final Asks asks;
    private final Callers callers;
    private final Upstream upstream;
    private final Capacity capacity;

    RunController(Asks asks, Callers callers, Upstream upstream, Capacity capacity) {
        this.asks = asks;
        this.callers = callers;
        this.upstream = upstream;
        this.capacity = capacity;
    }

    @PostMapping("/{chain:[a-z0-9_-]{1,64}}/runs")
    CompletableFuture<ResponseEntity<byte[]>> begin(
            @PathVariable String chain, @AuthenticationPrincipal Jwt token, HttpServletRequest request) {
        return passOn("/" + chain + "/runs", token, request);
    }

    @GetMapping(RUN)
    CompletableFuture<ResponseEntity<byte[]>> look(
            @PathVariable String id, @AuthenticationPrincipal Jwt token, HttpServletRequest request) {
        return passOn("/runs/" + id, token, request);
    }

    @DeleteMapping(RUN)
    CompletableFuture<ResponseEntity<byte[]>> stop(
            @PathVariable String id, @AuthenticationPrincipal Jwt token, HttpServletRequest request) {
        return passOn("/runs/" + id, token, request);
    }

    @PostMapping(RUN + "/pins")
    CompletableFuture<ResponseEntity<byte[]>> pin(
            @PathVariable String id, @AuthenticationPrincipal Jwt token, HttpServletRequest request) {
        return passOn("/runs/" + id + "/pins", token, request);
    }

    private CompletableFuture<ResponseEntity<byte[]>> passOn(String path, Jwt token, HttpServletRequest request) {
        Caller caller = callers.of(token);
        Place place = capacity.calls().take(caller.name()); // before the body, which may be slow to come
        try {
            return upstream.whole(asks.of(request, path, caller))
                    .whenComplete((answer, fault) -> place.close())
                    .thenApply(PassedOn::whole);
        } catch (RuntimeException refused) {
            place.close();
            throw refused;
        }
    }
}
