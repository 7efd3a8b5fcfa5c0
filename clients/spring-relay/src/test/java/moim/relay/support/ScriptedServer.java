package moim.relay.support;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Stands for the AI server on a raw socket: says exactly what it is told to, and sees who leaves. */
public final class ScriptedServer implements AutoCloseable {
    private final ServerSocket listening;
    private final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();
    private volatile Script script = call -> call.answer(500, "{}");

    public ScriptedServer() {
        try {
            listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException fault) {
            throw new IllegalStateException(fault);
        }
        background(this::accept);
    }

    public String url() {
        return "http://127.0.0.1:" + listening.getLocalPort();
    }

    /** What every call from now on is answered. */
    public void plays(Script script) {
        this.script = script;
        calls.clear();
    }

    /** The next call that has come since the script was set. */
    public Call nextCall() throws InterruptedException {
        Call call = calls.poll(10, TimeUnit.SECONDS);
        if (call == null) {
            throw new AssertionError("nobody has called");
        }
        return call;
    }

    /** Whether any call has come that {@link #nextCall} has not given. */
    public boolean isCalled() {
        return !calls.isEmpty();
    }

    @Override
    public void close() {
        try {
            listening.close();
        } catch (IOException fault) {
            throw new IllegalStateException(fault);
        }
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket socket = listening.accept();
                background(() -> serve(socket));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            Call call = new Call(socket);
            calls.add(call);
            script.play(call);
        } catch (IOException | InterruptedException gone) {
            // whoever called has left, or never asked
        }
    }

    private static void background(Runnable work) {
        Thread thread = new Thread(work, "scripted");
        thread.setDaemon(true);
        thread.start();
    }

    /** What is done to one call; then its connection is closed. */
    public interface Script {
        void play(Call call) throws IOException, InterruptedException;
    }

    /** One request, and its answer. */
    public static final class Call {
        public final String line;
        public final Map<String, String> headers = new TreeMap<>();
        public final byte[] body;
        private final Socket socket;
        private final InputStream in;

        private Call(Socket socket) throws IOException {
            this.socket = socket;
            socket.setTcpNoDelay(true);
            in = new BufferedInputStream(socket.getInputStream());
            line = readLine();
            for (String header = readLine(); !header.isEmpty(); header = readLine()) {
                String[] parts = header.split(": *", 2);
                headers.put(parts[0].toLowerCase(), parts[1]);
            }
            body = in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
        }

        /** A whole answer of JSON, with further headers as lines. */
        public void answer(int status, String json, String... further) throws IOException {
            byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
            head(status, "application/json", concat(further, "content-length: " + bytes.length));
            send(bytes);
        }

        /** The head of a stream. */
        public void streams(String... further) throws IOException {
            head(200, "text/event-stream; charset=utf-8", concat(further, "transfer-encoding: chunked"));
        }

        /** The head of an answer. */
        public void head(int status, String type, String... further) throws IOException {
            String lines = String.join("\r\n", further);
            String head = "HTTP/1.1 " + status + " Scripted\r\ncontent-type: " + type + "\r\nconnection: close\r\n";
            send((head + lines + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        }

        /** A piece of a stream. */
        public void says(byte[] piece) throws IOException {
            if (piece.length > 0) {
                ByteArrayOutputStream chunk = new ByteArrayOutputStream();
                chunk.writeBytes((Integer.toHexString(piece.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
                chunk.writeBytes(piece);
                chunk.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
                send(chunk.toByteArray());
            }
        }

        public void says(String piece) throws IOException {
            says(piece.getBytes(StandardCharsets.UTF_8));
        }

        /** The end of a stream. Without it the stream is cut. */
        public void ends() throws IOException {
            send("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        }

        /** Returns when the caller has closed the connection. */
        public void awaitLeaving() throws IOException {
            try {
                while (in.read() != -1) {
                    // a caller says nothing more
                }
            } catch (IOException reset) {
                // is leaving, too
            }
        }

        private void send(byte[] bytes) throws IOException {
            socket.getOutputStream().write(bytes);
        }

        private String readLine() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int next = in.read(); next != '\n'; next = in.read()) {
                if (next == -1) {
                    throw new IOException("no request");
                }
                line.append((char) next);
            }
            return line.toString().strip();
        }

        private static String[] concat(String[] lines, String last) {
            String[] all = java.util.Arrays.copyOf(lines, lines.length + 1);
            all[lines.length] = last;
            return all;
        }
    }
}
