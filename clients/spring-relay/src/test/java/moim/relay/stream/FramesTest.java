package moim.relay.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FramesTest {
    private static final int ROUNDS = 2_000;
    private static final String[] AWKWARD = {
        "\n", "\n\n", "\r", "\r\n", "\r\n\r\n", "data:", "data: ", "data:  두 칸", "event: token", "event:ping", "id:7",
        ": ping", ":", "안녕", " 하세요", "😀", "\u2028", "\u0085", "\uFEFF", "\0", "{\"text\":\" 가\"}", "retry: 2000",
    };

    @Test
    void whateverComesAndHoweverItIsCutEveryByteComesOutInOrder() throws FrameTooLong {
        for (int seed = 0; seed < ROUNDS; seed++) {
            Random random = new Random(seed);
            byte[] sent = random.nextBoolean() ? awkward(random) : noise(random);
            Frames frames = new Frames(1 << 20);
            ByteArrayOutputStream received = new ByteArrayOutputStream();
            for (byte[] piece : cuts(sent, random)) {
                frames.feed(ByteBuffer.wrap(piece)).forEach(frame -> received.writeBytes(frame.bytes()));
            }
            received.writeBytes(frames.rest());
            assertThat(received.toByteArray()).as("seed %d", seed).isEqualTo(sent);
        }
    }

    @Test
    void framesAreTheSameHoweverTheyAreCut() throws FrameTooLong {
        for (int seed = 0; seed < ROUNDS; seed++) {
            Random random = new Random(seed);
            byte[] sent = awkward(random);
            List<String> whole = texts(new Frames(1 << 20).feed(ByteBuffer.wrap(sent)));
            Frames frames = new Frames(1 << 20);
            List<String> cut = new ArrayList<>();
            for (byte[] piece : cuts(sent, random)) {
                cut.addAll(texts(frames.feed(ByteBuffer.wrap(piece))));
            }
            assertThat(cut).as("seed %d", seed).isEqualTo(whole);
        }
    }

    @Test
    void aCommentBetweenAnyTwoFramesLeavesTheEventsAsTheyAre() throws FrameTooLong {
        for (int seed = 0; seed < ROUNDS; seed++) {
            Random random = new Random(seed);
            byte[] sent = awkward(random);
            StringBuilder with = new StringBuilder();
            Frames frames = new Frames(1 << 20);
            for (byte[] piece : cuts(sent, random)) {
                for (Frame frame : frames.feed(ByteBuffer.wrap(piece))) {
                    with.append(text(frame.bytes())).append(": ping\n\n");
                }
            }
            with.append(text(frames.rest()));
            assertThat(EventStream.events(with.toString()))
                    .as("seed %d", seed)
                    .isEqualTo(EventStream.events(text(sent)));
        }
    }

    @Test
    void aFrameIsGivenWithItsLastByteAndNotLater() throws FrameTooLong {
        Frames frames = new Frames(100);
        assertThat(feed(frames, "data: 1\n")).isEmpty();
        assertThat(texts(feed(frames, "\n"))).containsExactly("data: 1\n\n");
        assertThat(feed(frames, "data: 2\r\n\r")).hasSize(1);
        assertThat(texts(feed(frames, "\ndata: 3\n\n"))).containsExactly("\ndata: 3\n\n");
    }

    @Test
    void whatDoesNotEndIsNotHeldForEver() throws FrameTooLong {
        Frames frames = new Frames(10);
        assertThat(feed(frames, "data: 12\n\n")).hasSize(1); // ten bytes, whole
        assertThat(feed(frames, "data: 123")).isEmpty();
        assertThatThrownBy(() -> feed(frames, "4")).isInstanceOf(FrameTooLong.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "id:1\\nevent: token\\ndata: {}\\n\\n  | token   | true",
                "event:field\\r\\ndata:{}\\r\\n\\r\\n     | field   | true",
                "data: {}\\n\\n                        | message | true",
                "data: event: ping\\n\\n               | message | true",
                "event: ping\\ndata: {}\\n\\n            | ping    | false",
                ": ping\\n\\n                          | \"\"    | false",
                "event: token\\n\\n                    | \"\"    | false",
                "id: 7\\n\\n                           | \"\"    | false",
                "\\n                                  | \"\"    | false",
            })
    void aFrameKnowsWhatItTells(String written, String event, boolean tells) {
        Frame frame = Frame.of(written.replace("\\n", "\n").replace("\\r", "\r").getBytes(StandardCharsets.UTF_8));
        assertThat(frame.event()).isEqualTo(event);
        assertThat(frame.tells()).isEqualTo(tells);
    }

    @ParameterizedTest
    @ValueSource(strings = {"e", "event", "data", ":", "", "\r", "event:", "data:"})
    void halfALineIsNoFault(String written) {
        assertThat(Frame.of(written.getBytes(StandardCharsets.UTF_8)).event()).isIn("", "message");
    }

    private static List<Frame> feed(Frames frames, String piece) throws FrameTooLong {
        return frames.feed(ByteBuffer.wrap(piece.getBytes(StandardCharsets.UTF_8)));
    }

    private static byte[] awkward(Random random) {
        StringBuilder text = new StringBuilder();
        for (int parts = random.nextInt(40); parts > 0; parts--) {
            text.append(AWKWARD[random.nextInt(AWKWARD.length)]);
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] noise(Random random) {
        byte[] bytes = new byte[random.nextInt(200)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static List<byte[]> cuts(byte[] bytes, Random random) {
        List<byte[]> pieces = new ArrayList<>();
        for (int from = 0; from < bytes.length; ) {
            int to = Math.min(bytes.length, from + 1 + random.nextInt(12));
            pieces.add(Arrays.copyOfRange(bytes, from, to));
            from = to;
        }
        return pieces;
    }

    private static List<String> texts(List<Frame> frames) {
        return frames.stream().map(frame -> text(frame.bytes())).toList();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
