package moim.relay.stream;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VigilTest {
    private final ManualTimers timers = new ManualTimers();
    private final List<String> done = new ArrayList<>();
    private final Vigil vigil = new Vigil(timers, Runnable::run);

    @AfterEach
    void nothingIsLeftBehind() {
        vigil.close();
        assertThat(timers.pending()).isZero();
    }

    @Test
    void whatIsDueIsDoneAtItsTimeAndAgain() {
        vigil.limit(ofSeconds(2), () -> done.add("two"));
        vigil.limit(ofSeconds(3), () -> done.add("three"));
        timers.pass(ofMillis(1_999));
        assertThat(done).isEmpty();
        timers.pass(ofMillis(1));
        assertThat(done).containsExactly("two");
        timers.pass(ofSeconds(2));
        assertThat(done).containsExactly("two", "three", "two");
    }

    @Test
    void aLimitThatBeginsAnewIsDueLater() {
        Vigil.Limit limit = vigil.limit(ofSeconds(2), () -> done.add("due"));
        for (int beat = 0; beat < 10; beat++) {
            timers.pass(ofMillis(1_500));
            limit.restart();
        }
        assertThat(done).isEmpty();
        timers.pass(ofMillis(1_999));
        assertThat(done).isEmpty();
        timers.pass(ofMillis(1));
        assertThat(done).containsExactly("due");
    }

    @Test
    void aLimitThatIsPausedCountsWhenItIsRestarted() {
        Vigil.Limit limit = vigil.limit(ofSeconds(2), () -> done.add("due"));
        limit.pause();
        timers.pass(ofSeconds(60));
        assertThat(done).isEmpty();
        limit.restart();
        timers.pass(ofMillis(1_999));
        assertThat(done).isEmpty();
        timers.pass(ofMillis(1));
        assertThat(done).containsExactly("due");
    }

    @Test
    void thereIsOneTimerHoweverManyLimitsAndBeats() {
        Vigil.Limit first = vigil.limit(ofSeconds(2), () -> {});
        vigil.limit(ofSeconds(3), () -> {});
        first.restart();
        assertThat(timers.pending()).isOne();
    }

    @Test
    void behindItsEndNothingIsDone() {
        vigil.limit(ofSeconds(1), () -> {
            done.add("end");
            vigil.close();
        });
        timers.pass(ofSeconds(60));
        vigil.limit(ofSeconds(1), () -> done.add("late"));
        timers.pass(ofSeconds(60));
        assertThat(done).containsExactly("end");
    }
}
