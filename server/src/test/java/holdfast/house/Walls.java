package holdfast.house;

import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The walls of the design as rules over compiled classes, by name, so that each can be tried with a planted breach.
final class Walls {
    private static final Set<String> CORE_MAY_NAME = Set.of(
            "java.lang",
            "java.lang.annotation",
            "java.lang.invoke", // what javac writes for lambdas and records
            "java.lang.runtime",
            "java.util",
            "java.util.function",
            "java.util.stream",
            "java.time",
            "java.math",
            "java.nio.charset", // docs/decisions/0001
            "org.jspecify.annotations",
            "com.google.errorprone.annotations");
    private static final Set<String> CORE_MUST_NOT_NAME = Set.of(
            "java.lang.System",
            "java.util.Random",
            "java.util.UUID",
            "java.util.Timer",
            "java.util.HashMap",
            "java.util.HashSet",
            "java.time.Clock");
    private static final List<String> COLUMNS = List.of("truth", "healing", "redundancy", "proof");
    private static final List<String> HEALING = List.of("fleet", "detect", "locate", "isolate", "recover");
    private static final List<String> DOORS = List.of("etcd", "zookeeper", "consul", "resp");

    /// From the top floor down; a room may import its own floor and those below.
    private static final List<List<String>> FLOORS = List.of(
            List.of("holdfast.server.cli.."),
            List.of("holdfast.server.start.."),
            List.of(
                    "holdfast.server.healing..",
                    "holdfast.server.redundancy..",
                    "holdfast.server.proof..",
                    "holdfast.server.transfer..",
                    "holdfast.server.console.."),
            List.of("holdfast.server.ledger.."),
            List.of("holdfast.server.client..", "holdfast.server.truth.."),
            List.of("holdfast.server.base.."),
            List.of("holdfast.core..", "holdfast.protocol.."));

    private Walls() {}

    static Map<String, ArchRule> all() {
        Map<String, ArchRule> walls = new LinkedHashMap<>();
        walls.put("1 purity", purity());
        walls.put("1 now", noNow());
        for (String column : COLUMNS) walls.put("2 column " + column, column(column));
        for (String child : HEALING) walls.put("3 healing " + child, healingChild(child));
        walls.put("4 store behind the client", storeBehindClient());
        for (String door : DOORS) walls.put("5 door " + door, door(door));
        walls.put("6 clock", oneClock());
        walls.put("6 threads", oneThreadMaker());
        walls.put(
                "7 start",
                nobodyImports("holdfast.server.start..", "holdfast.server.start..", "holdfast.server.cli.."));
        walls.put("7 cli", nobodyImports("holdfast.server.cli..", "holdfast.server.cli.."));
        walls.put(
                "8 circles", slices().assignedFrom(new PackageSlices()).should().beFreeOfCycles());
        for (int floor = 0; floor < FLOORS.size() - 1; floor++) walls.put("9 floor " + floor, floor(floor));
        return walls;
    }

    private static final class PackageSlices implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            String room = type.getPackageName();
            return room.startsWith("holdfast.") ? SliceIdentifier.of(room) : SliceIdentifier.ignore();
        }

        @Override
        public String getDescription() {
            return "packages";
        }
    }

    private static ArchRule purity() {
        return classes()
                .that()
                .resideInAPackage("holdfast.core..")
                .should()
                .onlyDependOnClassesThat(are(DescribedPredicate.describe("pure", Walls::mayBeNamedByCore)));
    }

    private static boolean mayBeNamedByCore(JavaClass named) {
        JavaClass type = named.getBaseComponentType();
        String name = type.getName();
        if (type.isPrimitive() || type.getPackageName().startsWith("holdfast.core")) return true;
        boolean forbidden = CORE_MUST_NOT_NAME.contains(name)
                || name.startsWith("java.lang.Thread")
                || name.startsWith("java.lang.Process")
                || name.startsWith("java.lang.InheritableThreadLocal");
        return !forbidden && CORE_MAY_NAME.contains(type.getPackageName());
    }

    private static ArchRule noNow() {
        return noClasses()
                .that()
                .resideInAPackage("holdfast.core..")
                .should()
                .accessTargetWhere(DescribedPredicate.describe(
                        "asks java.time what time it is",
                        access -> access.getTarget().getName().equals("now")
                                && access.getTargetOwner().getPackageName().startsWith("java.time")));
    }

    private static ArchRule column(String column) {
        String[] others = COLUMNS.stream()
                .filter(other -> !other.equals(column))
                .map(other -> "holdfast.core." + other + "..")
                .toArray(String[]::new);
        return noClasses()
                .that()
                .resideInAPackage("holdfast.core." + column + "..")
                .and()
                .resideOutsideOfPackage("holdfast.core.proof.sim..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(others)
                .allowEmptyShould(true);
    }

    private static ArchRule healingChild(String child) {
        List<String> forbidden = new ArrayList<>(List.of("holdfast.core.healing"));
        HEALING.stream()
                .skip(HEALING.indexOf(child) + 1L)
                .forEach(later -> forbidden.add("holdfast.core.healing." + later + ".."));
        return noClasses()
                .that()
                .resideInAPackage("holdfast.core.healing." + child + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(forbidden.toArray(String[]::new))
                .allowEmptyShould(true);
    }

    private static ArchRule storeBehindClient() {
        return noClasses()
                .that()
                .resideInAnyPackage(
                        "holdfast.server.healing..",
                        "holdfast.server.ledger..",
                        "holdfast.server.console..",
                        "holdfast.server.redundancy..",
                        "holdfast.server.proof..",
                        "holdfast.server.transfer..",
                        "holdfast.core.healing..",
                        "holdfast.core.redundancy..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("holdfast.core.truth..", "holdfast.server.truth..")
                .allowEmptyShould(true);
    }

    private static ArchRule door(String door) {
        List<String> forbidden =
                new ArrayList<>(List.of("holdfast.server.truth.raft..", "holdfast.server.truth.disk.."));
        DOORS.stream()
                .filter(other -> !other.equals(door))
                .forEach(other -> forbidden.add("holdfast.server.truth." + other + ".."));
        return noClasses()
                .that()
                .resideInAPackage("holdfast.server.truth." + door + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(forbidden.toArray(String[]::new))
                .allowEmptyShould(true);
    }

    private static ArchRule oneClock() {
        return noClasses()
                .that()
                .resideInAPackage("holdfast..")
                .and(DescribedPredicate.describe(
                        "are not the Ticker", type -> !outermost(type).equals("holdfast.server.base.Ticker")))
                .should()
                .accessTargetWhere(DescribedPredicate.describe("reads a clock", Walls::readsClock));
    }

    private static boolean readsClock(JavaAccess<?> access) {
        String owner = access.getTargetOwner().getName();
        String target = access.getTarget().getName();
        if (owner.equals("java.lang.System")) return target.equals("nanoTime") || target.equals("currentTimeMillis");
        // a Clock of our own that is told the time is no clock
        boolean ofJava = owner.equals("java.time.Clock") && !target.equals("<init>");
        return owner.startsWith("java.time.") && (target.equals("now") || ofJava);
    }

    private static ArchRule oneThreadMaker() {
        Set<String> makers = Set.of("holdfast.server.base.Driver", "holdfast.server.base.Threads");
        return noClasses()
                .that()
                .resideInAPackage("holdfast..")
                .and(DescribedPredicate.describe("make no threads", type -> !makers.contains(outermost(type))))
                .should()
                .accessTargetWhere(DescribedPredicate.describe("makes a thread", Walls::makesThread));
    }

    private static boolean makesThread(JavaAccess<?> access) {
        String owner = access.getTargetOwner().getName();
        String target = access.getTarget().getName();
        return switch (owner) {
            case "java.lang.Thread" ->
                target.equals("<init>")
                        || target.startsWith("ofVirtual")
                        || target.startsWith("ofPlatform")
                        || target.startsWith("startVirtualThread");
            case "java.util.concurrent.Executors", "java.util.concurrent.ForkJoinPool" -> true;
            case "java.util.concurrent.CompletableFuture" -> target.endsWith("Async");
            case "java.util.Timer", "java.util.concurrent.ThreadPoolExecutor" -> target.equals("<init>");
            default -> false;
        };
    }

    private static String outermost(JavaClass type) {
        String name = type.getName();
        int nested = name.indexOf('$');
        return nested < 0 ? name : name.substring(0, nested);
    }

    private static ArchRule nobodyImports(String room, String... but) {
        return noClasses()
                .that()
                .resideInAPackage("holdfast..")
                .and()
                .resideOutsideOfPackages(but)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(room);
    }

    private static ArchRule floor(int floor) {
        String[] above =
                FLOORS.subList(0, floor + 1).stream().flatMap(List::stream).toArray(String[]::new);
        String[] below = FLOORS.subList(floor + 1, FLOORS.size()).stream()
                .flatMap(List::stream)
                .toArray(String[]::new);
        return noClasses()
                .that()
                .resideInAnyPackage(below)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(above)
                .allowEmptyShould(true);
    }
}
