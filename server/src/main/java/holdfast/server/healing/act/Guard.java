package holdfast.server.healing.act;

import holdfast.core.base.Reason;
import holdfast.server.base.Threads;
import holdfast.server.base.Ticker;
import holdfast.server.client.Answer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A second, tiny process with a session of its own that kills the command should we be killed or stopped: it is
/// told the moment of death over a pipe, and kills at that moment unless it was told a later one, or at once when
/// the pipe ends, unless it lingers. It measures `/proc/uptime`, which counts suspend.
public final class Guard implements AutoCloseable {
    private static final long READY_NANOS = 10_000_000_000L;
    private static final long TICK_NANOS = 10_000_000; // /proc/uptime counts hundredths
    private static final int CLOCK_TRIES_MAX = 100;
    private static final String DONE = "done 0\n";
    private static final String GONE = "\n"; // never written: the pipe is closed

    /// Session 0 is that of processes from outside of a container: never looked for. `read -t` needs bash. Sleeps
    /// half a second at most, since its timer stands still during suspend. What was read when that
    /// ends may be half a line. One that lingers stops the leader before it looks for its children, which may have
    /// sessions of their own.
    static final String SCRIPT = """
            trap '' HUP INT TERM
            ended=
            tag=$1 linger=$2 address=$3 link=$4 end= session=0 part=
            now() { read -r up _ </proc/uptime; up=${up%.*}${up#*.}; }
            kill_all() {
                found= leader=
                if [ "$session" -gt 1 ]; then
                    if [ "$linger" ]; then kill -STOP "$session"; else kill -KILL -- "-$session"; fi
                    for folder in /proc/[0-9]*; do
                        read -r line <"$folder/stat" || continue
                        set -- ${line##*) }
                        [ "$1" != Z ] || continue
                        if [ "${folder#/proc/}" = "$session" ]; then
                            leader=$session
                        elif [ "$4" = "$session" ] || [ "$linger$2" = "linger$session" ]; then
                            kill -KILL "${folder#/proc/}" && found=yes
                        fi
                    done
                    if [ "$leader" ]; then kill -KILL "$leader" && found=yes; fi # last: children are known by it
                fi
                for file in $(grep -l -s -F -e "$tag" /proc/[0-9]*/environ); do
                    file=${file#/proc/}
                    kill -KILL "${file%/environ}" && found=yes
                done
            }
            case $tag in :?*:) ;; *) exit 1 ;; esac
            read -r -t 60 _ && printf 'ready\\n' || exit 1
            exec >/dev/null 2>&1
            while :; do
                left=50
                if [ -n "$end" ]; then
                    now
                    [ "$((end - up))" -gt 0 ] || break
                    [ "$((end - up))" -gt 50 ] || left=$((end - up))
                fi
                if IFS= read -r -t "0.$((left / 10))$((left % 10))" line; then
                    line=$part$line part=
                    [ "$line" != 'done 0' ] || exit 0
                    end=${line% *} session=${line#* }
                else
                    [ "$?" -gt 128 ] || ended=yes
                    part=$part$line
                    [ "$ended" ] || continue
                    [ "$linger" ] || break
                    [ -n "$end" ] && [ "$session" -gt 1 ] || exit 0
                    sleep 0.05
                fi
            done
            [ -z "$address" ] || ip address delete "$address" dev "$link" &
            empty=0
            for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
                kill_all
                if [ -n "$found" ]; then empty=0; else empty=$((empty + 1)); fi
                [ "$empty" -lt 3 ] || break
                sleep 0.05
            done
            """;

    private final Process process;
    private final long uptimeLessBootNanos;
    private final BlockingQueue<String> lines = new ArrayBlockingQueue<>(1);

    private Guard(Process process, long uptimeLessBootNanos) {
        this.process = process;
        this.uptimeLessBootNanos = uptimeLessBootNanos;
    }

    /// Kills everything in a session and everything that carries a tag; at once when we are gone.
    ///
    /// @param tag in the environment of everything that is to be killed: `:` and at least one letter and `:`
    public static Answer<Guard> start(Ticker ticker, String tag) {
        return start(ticker, tag, "", "", "");
    }

    /// The same, and takes an address away.
    public static Answer<Guard> start(Ticker ticker, String tag, VirtualAddress address) {
        return start(ticker, tag, "", address.address(), address.link());
    }

    /// Kills a server and its children, and not before the moment that it was told last, even when we are gone: our
    /// successor may take the server over until then, and ends this guard. Without a server it ends with us.
    ///
    /// @param tag as above
    public static Answer<Guard> startLingering(Ticker ticker, String tag) {
        return start(ticker, tag, "linger", "", "");
    }

    private static Answer<Guard> start(Ticker ticker, String tag, String linger, String address, String link) {
        Process process;
        try {
            long uptimeLessBoot = uptimeLessBoot(ticker);
            process = new ProcessBuilder("setsid", "bash", "-c", SCRIPT, "holdfast-guard", tag, linger, address, link)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            Guard guard = new Guard(process, uptimeLessBoot);
            guard.awaitReady();
            Threads.startPlatform("guard", guard::feed);
            return new Answer.Done<>(guard);
        } catch (IOException | TimeoutException failed) {
            return new Answer.Refused<>(new Reason(
                    "no-guard",
                    "The guard cannot run, which needs Linux with setsid, bash and grep: " + failed.getMessage()));
        }
    }

    /// Never too large, so that the guard is never late: the second clock is read last.
    private static long uptimeLessBoot(Ticker ticker) throws IOException {
        for (int tries = 1; ; tries++) {
            long beforeNanos = ticker.bootNanos();
            String uptime = Files.readString(Path.of("/proc/uptime"));
            long afterNanos = ticker.bootNanos();
            if (afterNanos - beforeNanos > TICK_NANOS && tries < CLOCK_TRIES_MAX) continue; // we stood still between
            String seconds = uptime.substring(0, uptime.indexOf(' '));
            return Long.parseLong(seconds.replace(".", "")) * TICK_NANOS - afterNanos;
        }
    }

    private void awaitReady() throws IOException, TimeoutException {
        OutputStream in = process.getOutputStream();
        in.write("hello 0\n".getBytes(StandardCharsets.US_ASCII));
        in.flush();
        BlockingQueue<String> answer = new ArrayBlockingQueue<>(1);
        Threads.start("guard's answer", () -> {
            try (BufferedReader reader = process.inputReader(StandardCharsets.US_ASCII)) {
                answer.offer(String.valueOf(reader.readLine()));
            } catch (IOException failed) {
                answer.offer(failed.toString());
            }
        });
        try {
            String said = String.valueOf(answer.poll(READY_NANOS, TimeUnit.NANOSECONDS));
            if (!said.equals("ready")) throw new TimeoutException("it said " + said);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new TimeoutException("interrupted");
        }
    }

    /// Never waits, even when the guard is stopped.
    ///
    /// @param session of the command, 0 while there is none
    public void arm(long atBootNanos, long session) {
        tell((atBootNanos + uptimeLessBootNanos) / TICK_NANOS + " " + session + "\n");
    }

    private void tell(String line) {
        while (!lines.offer(line)) lines.poll(); // only the last one counts
    }

    private void feed() {
        try (OutputStream in = process.getOutputStream()) {
            for (String line = lines.take(); ; line = lines.take()) {
                if (line.equals(GONE)) return;
                in.write(line.getBytes(StandardCharsets.US_ASCII));
                in.flush();
                if (line.equals(DONE)) return;
            }
        } catch (InterruptedException | IOException _) {
            // it ended; we go on without
        }
    }

    public boolean lives() {
        return process.isAlive();
    }

    /// Lets it go on without us, as if we had ended.
    public void abandon() {
        tell(GONE);
    }

    public long pid() {
        return process.pid();
    }

    /// It ends and kills nothing.
    @Override
    public void close() {
        tell(DONE);
        try {
            if (!process.waitFor(1, TimeUnit.SECONDS)) process.destroyForcibly();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
