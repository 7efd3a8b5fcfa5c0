package moim.relay.capacity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import moim.relay.refusal.Reason;
import moim.relay.refusal.Refusal;
import org.junit.jupiter.api.Test;

class PlacesTest {
    @Test
    void oneUserGetsSoManyAndOthersAreNotConcerned() {
        Places places = new Places(10, 2);
        Place first = places.take("kim");
        places.take("kim");
        refused(places, "kim", Reason.RATE_LIMITED);
        places.take("lee");
        first.close();
        places.take("kim");
    }

    @Test
    void allTogetherGetSoMany() {
        Places places = new Places(2, 2);
        Place first = places.take("kim");
        places.take("lee");
        refused(places, "park", Reason.TOO_BUSY);
        first.close();
        places.take("park");
    }

    @Test
    void aPlaceIsGivenBackOnce() {
        Places places = new Places(2, 1);
        Place place = places.take("kim");
        place.close();
        place.close();
        assertThat(places.taken()).isZero();
        places.take("kim");
        refused(places, "kim", Reason.RATE_LIMITED);
    }

    private static void refused(Places places, String user, Reason reason) {
        int before = places.taken();
        assertThatThrownBy(() -> places.take(user))
                .isInstanceOfSatisfying(Refusal.class, refusal -> assertThat(refusal.reason()).isEqualTo(reason));
        assertThat(places.taken()).isEqualTo(before);
    }
}
