package holdfast.core.healing.recover.failover;

/// A standby's connection to the server that it receives from. Each side notices its end by itself.
final class SimStream {
    private static final long SILENCE_MILLIS = 3_000;
    private static final long AGAIN_MILLIS = 100;

    final SimServer sender;
    final SimServer standby;
    private final FailoverWorld world;
    private final SimLog source;
    private final long senderLife;
    private final long standbyLife;
    private long heardFromSenderMillis;
    private long heardFromStandbyMillis;
    private boolean sends;
    /// The standby receives.
    boolean receives = true;
    /// The sender counts it.
    boolean counts = true;
    /// On the standby's disk, as the sender knows; -1 before the first word.
    int flushed = -1;

    SimStream(FailoverWorld world, SimServer sender, SimServer standby) {
        this.world = world;
        this.sender = sender;
        this.standby = standby;
        this.source = sender.log;
        this.senderLife = sender.life;
        this.standbyLife = standby.life;
        this.heardFromSenderMillis = world.nowMillis;
        this.heardFromStandbyMillis = world.nowMillis;
    }

    /// There is more to send.
    void push() {
        if (sends || !counts) return;
        sends = true;
        sender.host.beside(world.dice.oneIn(30) ? world.dice.nextLong(150) : 1 + world.dice.nextLong(3), this::send);
    }

    private void send() {
        sends = false;
        if (!counts || sender.life != senderLife) return;
        if (!world.passes(sender.host, standby.host)) {
            sends = true;
            sender.host.beside(AGAIN_MILLIS, this::send);
            return;
        }
        int upTo = source.end();
        world.at(world.delay(), () -> standby.host.beside(0, () -> arrive(upTo)));
    }

    private void arrive(int upTo) {
        if (!receives || standby.life != standbyLife) return;
        heardFromSenderMillis = world.nowMillis;
        for (int place = standby.log.end(); place < upTo; place++) standby.log.add(source.at(place));
        reply();
    }

    private void reply() {
        if (!world.passes(standby.host, sender.host)) return;
        int has = standby.log.end();
        world.at(
                world.delay(),
                () -> sender.host.beside(0, () -> {
                    if (!counts || sender.life != senderLife) return;
                    heardFromStandbyMillis = world.nowMillis;
                    flushed = Math.max(flushed, has);
                    sender.release();
                }));
    }

    /// Now and then, on the standby's host.
    void lookAtStandby() {
        boolean up = sender.life == senderLife && counts;
        if (world.passes(sender.host, standby.host) && sender.host.runs()) {
            if (!up) {
                receives = false;
                return;
            }
            heardFromSenderMillis = world.nowMillis;
            reply();
            if (standby.log.end() < source.end()) push();
        }
        if (world.nowMillis - heardFromSenderMillis > SILENCE_MILLIS) receives = false;
    }

    /// Now and then, on the sender's host.
    void lookAtSender() {
        boolean gone = (!receives || standby.life != standbyLife)
                && standby.host.runs()
                && world.passes(standby.host, sender.host);
        if (gone || world.nowMillis - heardFromStandbyMillis > SILENCE_MILLIS) counts = false;
    }
}
