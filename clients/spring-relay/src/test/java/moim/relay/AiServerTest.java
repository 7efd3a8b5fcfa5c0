package moim.relay;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import moim.relay.support.AiServer;
import moim.relay.support.RunningRelay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Before the server itself. */
class AiServerTest {
    private static final String GOAL = "{\"input\":{\"goal\":\"산책\",\"language\":\"ko\"}}";
    private static final String TALK = "{\"input\":{\"messages\":[{\"role\":\"user\",\"content\":\"추천해줘\"}]}}";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static AiServer server;
    private static RunningRelay relay;

    @BeforeAll
    static void start() throws Exception {
        server = new AiServer();
        relay = new RunningRelay(server.url());
    }

    @AfterAll
    static void end() {
        relay.close();
        server.close();
    }

    @Test
    void aRunsEventsAreThoseOfTheServerByteForByte() throws Exception {
        String run = begin("/meeting-info", GOAL);
        String through = text(relay.send(relay.request("kim", "/runs/" + run + "/events")));
        assertThat(unpaced(through)).isEqualTo(unpaced(direct("kim", "/runs/" + run + "/events", "0")));
        assertThat(through).contains("\"text\":\" 산", "event: complete").startsWith("retry: ");
    }

    @Test
    void whoComesAgainGetsTheRest() throws Exception {
        String run = begin("/meeting-info", GOAL);
        String all = text(relay.send(relay.request("kim", "/runs/" + run + "/events")));
        String rest =
                text(relay.send(relay.request("kim", "/runs/" + run + "/events").header("last-event-id", "5")));
        assertThat(unpaced(all)).endsWith(unpaced(rest));
        assertThat(unpaced(rest)).startsWith("id:6\n");
        JsonNode view = json(relay.send(relay.request("kim", "/runs/" + run)));
        String last = view.get("seq").asText();
        assertThat(relay.send(relay.request("kim", "/runs/" + run + "/events?last_event_id=" + last)).statusCode())
                .isEqualTo(204);
    }

    @Test
    void aStreamIsChosenAndComesWhole() throws Exception {
        String stream = text(relay.send(relay.post("kim", "/meeting-info/stream?events=field,complete", GOAL)));
        assertThat(stream).contains("event: start", "event: field", "event: complete").doesNotContain("event: token");
    }

    @Test
    void aFailureArrivesWithItsCode() throws Exception {
        String stream = text(relay.send(relay.post("kim", "/broken/stream", GOAL)));
        assertThat(stream).contains("event: failed", "\"code\":\"upstream_cut\"").doesNotContain("event: complete");
    }

    @Test
    void aRefusalOfTheServersArrivesAsItIs() throws Exception {
        HttpResponse<byte[]> refused = relay.send(relay.post("kim", "/meeting-info/stream", "{\"input\":{}}"));
        assertThat(refused.statusCode()).isEqualTo(422);
        assertThat(json(refused).get("details")).isNotEmpty();
        HttpResponse<byte[]> form = relay.send(
                relay.post("kim", "/meeting-info/stream", GOAL).setHeader("content-type", "text/plain"));
        assertThat(form.statusCode()).isEqualTo(415);
        assertThat(json(form).get("code").asText()).isEqualTo("unsupported_media_type");
    }

    @Test
    void aKeyThatIsRepeatedJoinsTheUsersOwnRun() throws Exception {
        HttpRequest.Builder kims = relay.post("kim", "/meeting-info/runs", GOAL).header("idempotency-key", "7f3c");
        HttpRequest.Builder lees = relay.post("lee", "/meeting-info/runs", GOAL).header("idempotency-key", "7f3c");
        String first = json(relay.send(kims)).get("run_id").asText();
        assertThat(json(relay.send(kims)).get("run_id").asText()).isEqualTo(first);
        assertThat(json(relay.send(lees)).get("run_id").asText()).isNotEqualTo(first);
    }

    @Test
    void anothersRunIsNotThere() throws Exception {
        String run = begin("/meeting-info", GOAL);
        for (String path : new String[] {"/runs/" + run, "/runs/" + run + "/events"}) {
            HttpResponse<byte[]> answer = relay.send(relay.request("lee", path));
            assertThat(answer.statusCode()).isEqualTo(404);
            assertThat(json(answer).get("code").asText()).isEqualTo("not_found");
        }
    }

    @Test
    void aFieldIsTakenOverAndARunIsStopped() throws Exception {
        String run = begin("/chatbot", TALK);
        HttpResponse<InputStream> events = relay.open(relay.request("kim", "/runs/" + run + "/events"));
        BufferedReader lines = new BufferedReader(new InputStreamReader(events.body(), StandardCharsets.UTF_8));
        await(lines, "event: token");
        HttpResponse<byte[]> pin = relay.send(
                relay.post("kim", "/runs/" + run + "/pins", "{\"path\":\"/reply\",\"value\":\" 제가 쓸게요\"}"));
        assertThat(pin.statusCode()).isEqualTo(200);
        await(lines, "\"value\":\" 제가 쓸게요\"");
        assertThat(relay.send(relay.request("kim", "/runs/" + run).DELETE()).statusCode()).isEqualTo(204);
        await(lines, "event: cancelled");
    }

    @Test
    void whoLeavesAStreamStopsItsModel() throws Exception {
        HttpResponse<InputStream> stream = relay.open(relay.post("kim", "/chatbot/stream", TALK));
        BufferedReader lines = new BufferedReader(new InputStreamReader(stream.body(), StandardCharsets.UTF_8));
        String run = JSON.readTree(await(lines, "\"run_id\"").substring("data: ".length())).get("run_id").asText();
        await(lines, "event: token");
        lines.close();
        long left = System.nanoTime();
        while (status(run) != 404) { // such a run is known as long as it goes on
            assertThat(System.nanoTime() - left).isLessThan(TimeUnit.SECONDS.toNanos(5));
        }
        long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - left);
        System.out.println("Measured: the model is stopped " + tookMs + " ms behind the reader");
        assertThat(tookMs).isLessThan(1_000);
    }

    private static int status(String run) throws IOException, InterruptedException {
        return relay.send(relay.post("kim", "/runs/" + run + "/pins", "{\"path\":\"/none\",\"value\":1}")).statusCode();
    }

    private static String begin(String chain, String input) throws IOException, InterruptedException {
        HttpResponse<byte[]> begun = relay.send(relay.post("kim", chain + "/runs", input));
        assertThat(begun.statusCode()).isEqualTo(201);
        return json(begun).get("run_id").asText();
    }

    private static String direct(String user, String path, String after) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(server.url() + path))
                .header("authorization", "Bearer " + RunningRelay.KEY)
                .header("x-user-id", user)
                .header("last-event-id", after)
                .build();
        return text(HttpClient.newHttpClient().send(request, BodyHandlers.ofByteArray()));
    }

    /** Without how soon to come again, which is another time for each connection, and without pings. */
    private static String unpaced(String stream) {
        return stream.replaceFirst("^retry: \\d+\n", "").replace(": ping\n\n", "");
    }

    private static String await(BufferedReader lines, String part) throws IOException {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.contains(part)) {
                return line;
            }
        }
        throw new AssertionError("it ended without " + part);
    }

    private static JsonNode json(HttpResponse<byte[]> answer) throws IOException {
        return JSON.readTree(answer.body());
    }

    private static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }
}
