"""A clock for the page's modules that stands still unless a test moves it."""

STANDING_CLOCK = """
    let now = 1000;
    let count = 0;
    let timers = [];
    performance.now = () => now;
    window.setTimeout = (run, ms = 0) => {
        count += 1;
        timers.push({ at: now + ms, run, id: count });
        return count;
    };
    window.clearTimeout = (gone) => { timers = timers.filter(({ id }) => id !== gone); };
    const wait = (ms) => {
        const end = now + ms;
        for (;;) {
            const next = timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
            if (!next) break;
            now = Math.max(now, next.at);
            window.clearTimeout(next.id);
            next.run();
        }
        now = end;
    };
"""
"""JavaScript, the beginning of a function: from then on `wait(ms)` is the only way that time passes in the page."""
