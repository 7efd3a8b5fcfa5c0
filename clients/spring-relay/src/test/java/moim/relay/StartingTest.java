package moim.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import moim.relay.support.RunningRelay;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** What it does not start with. */
@ExtendWith(OutputCaptureExtension.class)
class StartingTest {
    @Test
    void aKeyThatCouldBeGuessedIsRefusedAndNotShown(CapturedOutput output) {
        assertThatThrownBy(() -> new RunningRelay("http://127.0.0.1:1", "relay.upstream.key=short-secret"))
                .isNotNull();
        assertThat(output.getAll()).contains("relay.upstream.key must be at least 32").doesNotContain("short-secret");
    }

    @Test
    void aSettingThatMakesNoSenseIsNamed(CapturedOutput output) {
        assertThatThrownBy(() -> new RunningRelay("http://127.0.0.1:1", "relay.capacity.streams=0")).isNotNull();
        assertThat(output.getAll()).contains("relay.capacity.streams", "must be greater than 0");
    }
}
