package moim.relay.caller;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jwt.JWTClaimsSet;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.stream.Stream;
import moim.relay.support.Issuer;
import moim.relay.support.RunningRelay;
import moim.relay.support.ScriptedServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Who is let in, and as whom. */
@ExtendWith(OutputCaptureExtension.class)
class LettingInTest {
    private static final ScriptedServer SERVER = new ScriptedServer();
    private static final Date LATER = Date.from(Instant.now().plusSeconds(3_600));
    private static RunningRelay relay;

    @BeforeAll
    static void start() {
        relay = new RunningRelay(SERVER.url());
        SERVER.plays(call -> call.answer(200, "{}"));
    }

    @AfterAll
    static void end() {
        relay.close();
        SERVER.close();
    }

    static Stream<String> tokens() {
        Issuer issuer = relay.issuer();
        JWTClaimsSet sound = Issuer.claims("kim").expirationTime(LATER).build();
        return Stream.of(
                "",
                "nonsense",
                "eyJhbGciOiJub25lIn0.eyJzdWIiOiJraW0ifQ.",
                RunningRelay.KEY,
                issuer.forge(sound),
                issuer.sign(Issuer.claims("kim").build()), // without an end
                issuer.sign(Issuer.claims("kim").expirationTime(new Date(0)).build()),
                issuer.sign(new JWTClaimsSet.Builder(sound).audience("another").build()),
                issuer.sign(new JWTClaimsSet.Builder(sound).audience((String) null).build()),
                issuer.sign(new JWTClaimsSet.Builder(sound).issuer("https://another.example").build()));
    }

    @ParameterizedTest
    @MethodSource("tokens")
    void nobodyElseIsLetInAndNobodyIsToldWhy(String token) throws Exception {
        for (String path : List.of("/runs/1", "/runs/1/events", "/nowhere")) {
            HttpResponse<byte[]> answer =
                    relay.send(relay.request("kim", path).setHeader("authorization", "Bearer " + token));
            assertThat(answer.statusCode()).isEqualTo(401);
            assertThat(answer.body())
                    .asString()
                    .isEqualTo("{\"code\":\"unauthenticated\","
                            + "\"message\":\"Show who you are: a valid token is needed.\",\"retryable\":false}");
            assertThat(answer.headers().allValues("www-authenticate")).containsExactly("Bearer");
        }
        assertThat(SERVER.isCalled()).isFalse();
    }

    @Test
    void withoutATokenNobodyIsLetInEither() throws Exception {
        HttpRequest.Builder bare = HttpRequest.newBuilder(
                relay.request("kim", "/runs/1?access_token=" + relay.issuer().token("kim")).build().uri());
        assertThat(relay.send(bare).statusCode()).isEqualTo(401);
        assertThat(SERVER.isCalled()).isFalse();
    }

    /** The server would be shown other characters, and two users could become one. */
    @ParameterizedTest
    @ValueSource(strings = {"김", "kim\n", " kim", "kim ", "k\u0000m", ""})
    void whoCannotBeNamedIsNotLetIn(String name) throws Exception {
        HttpResponse<byte[]> answer = relay.send(relay.request("kim", "/runs/1")
                .setHeader("authorization", "Bearer " + relay.issuer().token(name)));
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(answer.body()).asString().contains("\"forbidden\"");
        assertThat(SERVER.isCalled()).isFalse();
    }

    @Test
    void whileTheIssuersKeysCannotBeHadNobodyIsAccused() throws Exception {
        String nowhere = "spring.security.oauth2.resourceserver.jwt.jwk-set-uri=http://127.0.0.1:1/keys";
        try (RunningRelay other = new RunningRelay(SERVER.url(), nowhere)) {
            HttpResponse<byte[]> answer = other.send(other.request("kim", "/runs/1"));
            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(answer.body()).asString().contains("\"issuer_unavailable\"", "\"retryable\":true");
            assertThat(answer.headers().firstValue("retry-after")).isPresent();
        }
    }

    @Test
    void noTokenAndNoKeyIsLogged(CapturedOutput output) throws Exception {
        String token = relay.issuer().token("a-user-of-ours");
        String forged = relay.issuer().forge(Issuer.claims("a-user-of-ours").build());
        SERVER.plays(call -> {
            call.streams();
            call.says("data: an answer\n\n"); // and is cut
        });
        for (String shown : List.of(token, forged)) {
            for (String path : List.of("/runs/1", "/runs/1/events?last_event_id=99", "/nowhere")) {
                try {
                    relay.send(relay.request("kim", path).setHeader("authorization", "Bearer " + shown));
                } catch (java.io.IOException cut) {
                    // which is what the log may tell of
                }
            }
        }
        SERVER.plays(call -> call.answer(200, "{}"));
        assertThat(output.getAll())
                .contains("A stream has ended: CUT")
                .doesNotContain(token, forged, RunningRelay.KEY, "a-user-of-ours", "an answer", "last_event_id");
    }
}
