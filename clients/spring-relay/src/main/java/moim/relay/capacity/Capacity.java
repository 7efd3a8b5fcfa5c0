package moim.relay.capacity;

import org.springframework.stereotype.Component;

/** The places of this process. Streams have their own, so that whoever has many open can still stop them. */
@Component
public class Capacity {
    private final Places streams;
    private final Places calls;

    Capacity(CapacityProperties properties) {
        this.streams = new Places(properties.streams(), properties.userStreams());
        this.calls = new Places(properties.calls(), properties.userCalls());
    }

    public Places streams() {
        return streams;
    }

    public Places calls() {
        return calls;
    }
}
