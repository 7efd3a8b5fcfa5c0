/**
 * Between a backend's own users and the AI server: knows the users, speaks for them upstream, and passes on what the
 * server says, byte for byte and at once.
 *
 * <p>{@code caller} says who asks, {@code capacity} how much at once, {@code upstream} how the server is asked,
 * {@code stream} how an answer is passed on while it comes, {@code run} everything that is answered whole, and
 * {@code refusal} how a no is told.
 */
package moim.relay;
