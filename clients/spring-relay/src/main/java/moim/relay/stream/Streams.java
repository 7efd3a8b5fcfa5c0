package moim.relay.stream;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import moim.relay.upstream.Answer;
import moim.relay.upstream.PassedOn;
import moim.relay.upstream.Workers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;

/** All streams of this process. */
@Component
class Streams {
    private static final Logger LOG = LoggerFactory.getLogger(Streams.class);

    private final Set<RelayedStream> going = ConcurrentHashMap.newKeySet();
    private final Timers timers;
    private final Workers workers;
    private final StreamProperties properties;

    Streams(Timers timers, Workers workers, StreamProperties properties) {
        this.timers = timers;
        this.workers = workers;
        this.properties = properties;
    }

    /**
     * Joins an answer that is coming to a reader of its own.
     *
     * @param pulse the silence after which the reader gets a comment, if it reads an event stream
     * @param until when it ends at the latest; null if it has no end of its own
     */
    RawEmitter join(Answer.Coming answer, Duration pulse, Instant until, Runnable whenEnded) {
        MediaType type = PassedOn.headers(answer).getContentType();
        boolean events = type != null && type.isCompatibleWith(MediaType.TEXT_EVENT_STREAM);
        Terms terms = new Terms(
                properties.silence(),
                properties.idle(),
                events ? pulse : null,
                until == null ? null : Duration.between(Instant.now(), until));
        Cutting cutting = events ? new Frames(Math.toIntExact(properties.frame().toBytes())) : new Uncut();
        RawEmitter reader = new RawEmitter();
        RelayedStream stream = new RelayedStream(reader, cutting, terms, timers, workers.threads(), ended -> {
            going.remove(ended);
            whenEnded.run();
            LOG.info("A stream has ended: {}, last event: {}", ended.ended(), ended.lastEvent());
        });
        going.add(stream);
        answer.pieces().subscribe(stream);
        return reader;
    }

    /** Ends all that go on. */
    void cut() {
        going.forEach(stream -> stream.end(Ending.SHUTDOWN));
    }
}
