package moim.relay.support;

import java.io.File;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The AI server itself, in a process of its own, with a scripted model. */
public final class AiServer implements AutoCloseable {
    private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
    private static final Duration START = Duration.ofSeconds(60);

    private final Process process;
    private final int port;

    public AiServer() throws IOException, InterruptedException {
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        File log = Path.of("target/ai-server.log").toFile();
        ProcessBuilder command = new ProcessBuilder(python(), "-m", "server")
                .directory(ROOT.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log);
        command.environment().putAll(Map.of(
                "CONFIG", Path.of("src/test/resources/langserve.yaml").toAbsolutePath().toString(),
                "HOST", "127.0.0.1",
                "PORT", String.valueOf(port),
                "SERVICE_KEY", RunningRelay.KEY));
        process = command.start();
        awaitReady(log);
    }

    public String url() {
        return "http://127.0.0.1:" + port;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
        }
    }

    private static String python() {
        Path own = ROOT.resolve(".venv/bin/python");
        return Files.isExecutable(own) ? own.toString() : "python3";
    }

    private void awaitReady(File log) throws IOException, InterruptedException {
        for (long end = System.nanoTime() + START.toNanos(); !isReady(); Thread.sleep(50)) {
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new IllegalStateException("the server does not start:\n" + Files.readString(log.toPath()));
            }
        }
    }

    private boolean isReady() {
        try {
            HttpURLConnection asked = (HttpURLConnection) URI.create(url() + "/ready").toURL().openConnection();
            return asked.getResponseCode() == 200;
        } catch (IOException notYet) {
            return false;
        }
    }
}
