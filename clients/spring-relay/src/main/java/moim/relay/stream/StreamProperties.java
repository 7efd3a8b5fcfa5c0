package moim.relay.stream;

import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * How long streams wait for what.
 *
 * @param pulse the silence after which a comment is written to a reader whose leaving stops the model. A servlet
 *     container notices a closed connection by the second write to it, so it costs up to twice this
 * @param ping the same for readers of runs, whose leaving stops nothing
 * @param silence how long not a byte may come from the server, which pings every 15 s ({@code stream.ping_s})
 * @param idle how long no event may come, pings or no pings
 * @param drain how long streams may go on after the process was told to end
 * @param frame the largest frame, which is held until it is whole
 */
@Validated
@ConfigurationProperties("relay.stream")
record StreamProperties(
        @NotNull @DefaultValue("300ms") Duration pulse,
        @NotNull @DefaultValue("5s") Duration ping,
        @NotNull @DefaultValue("45s") Duration silence,
        @NotNull @DefaultValue("5m") Duration idle,
        @NotNull @DefaultValue("20s") Duration drain,
        @NotNull @DefaultValue("8MB") DataSize frame) {}
