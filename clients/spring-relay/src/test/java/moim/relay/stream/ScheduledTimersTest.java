package moim.relay.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScheduledTimersTest {
    private final ScheduledTimers timers = new ScheduledTimers();

    @AfterEach
    void end() {
        timers.end();
    }

    @Test
    void whatIsDueIsDone() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        long from = timers.now();
        timers.after(Duration.ofMillis(50), done::countDown);
        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(timers.now() - from).isGreaterThanOrEqualTo(50_000_000);
    }

    @Test
    void whatIsCancelledIsNotKeptUntilItsTime() {
        Timers.Timer timer = timers.after(Duration.ofHours(1), () -> {});
        assertThat(timers.pending()).isOne();
        timer.cancel();
        assertThat(timers.pending()).isZero();
    }
}
