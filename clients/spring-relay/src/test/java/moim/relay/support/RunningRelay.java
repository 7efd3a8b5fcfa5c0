package moim.relay.support;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import moim.relay.RelayApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;

/** The relay, running, and what its users do with it. */
public final class RunningRelay implements AutoCloseable {
    public static final String KEY = "the-key-of-the-backend-0123456789";

    private final Issuer issuer = new Issuer();
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final ConfigurableApplicationContext context;
    private final int port;

    /** One before this server; further settings as {@code name=value}. */
    public RunningRelay(String upstream, String... settings) {
        context = new SpringApplicationBuilder(RelayApplication.class)
                .run(arguments(upstream, issuer.keysUrl(), settings));
        port = ((ServletWebServerApplicationContext) context).getWebServer().getPort();
    }

    /** What it is started with. */
    public static String[] arguments(String upstream, String keysUrl, String... settings) {
        String jwt = "spring.security.oauth2.resourceserver.jwt.";
        Stream<String> own = Stream.of(
                "server.port=0",
                "relay.upstream.url=" + upstream,
                "relay.upstream.key=" + KEY,
                jwt + "issuer-uri=" + Issuer.NAME,
                jwt + "jwk-set-uri=" + keysUrl);
        return Stream.concat(Stream.of(settings), own.filter(setting -> !isAmong(settings, setting)))
                .map(setting -> "--" + setting)
                .toArray(String[]::new);
    }

    private static boolean isAmong(String[] settings, String setting) {
        String name = setting.substring(0, setting.indexOf('=') + 1);
        return Stream.of(settings).anyMatch(other -> other.startsWith(name));
    }

    public Issuer issuer() {
        return issuer;
    }

    public <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    /** Where it listens, or has listened. */
    public int port() {
        return port;
    }

    /** A request of a user's, to be completed. */
    public HttpRequest.Builder request(String user, String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + "/ai" + path))
                .timeout(Duration.ofSeconds(30))
                .header("authorization", "Bearer " + issuer.token(user));
    }

    public HttpRequest.Builder post(String user, String path, String json) {
        return request(user, path).header("content-type", "application/json").POST(BodyPublishers.ofString(json));
    }

    /** The whole answer. {@link IOException} if it is cut off. */
    public HttpResponse<byte[]> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), BodyHandlers.ofByteArray());
    }

    /** The answer, to be read as it comes. */
    public HttpResponse<java.io.InputStream> open(HttpRequest.Builder request)
            throws IOException, InterruptedException {
        return client.send(request.build(), BodyHandlers.ofInputStream());
    }

    /** A stream of this user on a raw connection, asked for and not yet read. */
    public Socket connect(String user, String path, String json) throws IOException {
        List<String> head = new ArrayList<>(List.of(
                "POST /ai" + path + " HTTP/1.1",
                "host: relay",
                "authorization: Bearer " + issuer.token(user),
                "content-type: application/json",
                "content-length: " + json.length()));
        Socket socket = new Socket("127.0.0.1", port());
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write((String.join("\r\n", head) + "\r\n\r\n" + json).getBytes("US-ASCII"));
        return socket;
    }

    @Override
    public void close() {
        context.close();
        issuer.close();
    }
}
