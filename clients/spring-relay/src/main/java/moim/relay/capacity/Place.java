package moim.relay.capacity;

/** Somebody's place. Closing it twice is closing it once. */
public interface Place extends AutoCloseable {
    @Override
    void close();
}
