package holdfast.house;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Every wall of the design, and for every wall a planted breach that it must catch.
final class HouseTest {
    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("-tests.jar"))
            .withImportOption(location -> !location.contains("/holdfast/protocol/"))
            .importPackages("holdfast");

    /// A breach: the wall, the class that breaks it, its source. One-line classes in rooms of the design.
    private record Breach(String wall, String type, String body) {}

    private static final List<Breach> BREACHES = List.of(
            new Breach("1 purity", "core.base.Planted", "long time() { return System.identityHashCode(this); }"),
            new Breach(
                    "1 purity",
                    "core.base.Planted",
                    "Object order() { return new java.util.HashMap<String, String>(); }"),
            new Breach("1 purity", "core.base.Planted", "java.io.File file; "),
            new Breach("1 purity", "core.truth.Planted", "Object thread() { return Thread.currentThread(); }"),
            new Breach("1 now", "core.base.Planted", "Object now() { return java.time.Instant.now(); }"),
            new Breach("2 column healing", "core.healing.Planted", "holdfast.core.truth.Event event;"),
            new Breach("2 column proof", "core.proof.Planted", "holdfast.core.truth.Event event;"),
            new Breach("3 healing detect", "core.healing.detect.Planted", "holdfast.core.healing.locate.Other other;"),
            new Breach("3 healing recover", "core.healing.recover.Planted", "holdfast.core.healing.Other other;"),
            new Breach("4 store behind the client", "server.healing.Planted", "holdfast.server.truth.Store store;"),
            new Breach("4 store behind the client", "server.transfer.Planted", "holdfast.core.truth.Event event;"),
            new Breach("4 store behind the client", "server.ledger.Planted", "holdfast.core.truth.Event event;"),
            new Breach("5 door etcd", "server.truth.etcd.Planted", "holdfast.server.truth.raft.RaftLog log;"),
            new Breach("5 door consul", "server.truth.consul.Planted", "holdfast.server.truth.etcd.Other other;"),
            new Breach("6 clock", "server.truth.Planted", "long time() { return System.nanoTime(); }"),
            new Breach("6 clock", "server.cli.Planted", "Object time() { return java.time.Instant.now(); }"),
            new Breach("6 threads", "server.truth.Planted", "Object thread() { return new Thread(() -> {}); }"),
            new Breach(
                    "6 threads",
                    "server.healing.Planted",
                    "Object pool() { return java.util.concurrent.Executors.newCachedThreadPool(); }"),
            new Breach("7 start", "server.healing.Planted", "holdfast.server.start.Other other;"),
            new Breach("7 cli", "server.start.Planted", "holdfast.server.cli.Main main;"),
            new Breach("8 circles", "core.base.Planted", "holdfast.core.truth.Event event;"),
            new Breach("9 floor 4", "server.base.Planted", "holdfast.server.truth.Store store;"),
            new Breach("9 floor 2", "server.client.Planted", "holdfast.server.healing.Other other;"));

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> wall_ofTheDesign_holds() {
        return Walls.all().entrySet().stream()
                .map(wall -> DynamicTest.dynamicTest(
                        wall.getKey(), () -> wall.getValue().check(HOUSE)));
    }

    @TestFactory
    Stream<DynamicTest> plantedBreach_ofEachWall_isCaught() {
        Map<String, ArchRule> walls = Walls.all();
        return BREACHES.stream()
                .map(breach -> DynamicTest.dynamicTest(breach.wall() + ": " + breach.type(), () -> {
                    ArchRule wall = walls.get(breach.wall());
                    assertThat(wall).as(breach.wall()).isNotNull();
                    assertThat(wall.evaluate(plant(breach)).hasViolation())
                            .as("%s is caught by wall %s", breach.body(), breach.wall())
                            .isTrue();
                }));
    }

    @Test
    void package_ofOurs_saysWhatItIsAndIsNullMarked() throws IOException {
        List<String> bare = new ArrayList<>();
        for (Path room : Sources.packages()) {
            Path info = room.resolve("package-info.java");
            if (!Files.exists(info) || !Files.readString(info).contains("@NullMarked")) bare.add(room.toString());
        }
        assertThat(bare).isEmpty();
    }

    @Test
    void class_ofOurs_isAtMost400Lines() throws IOException {
        assertThat(Sources.longFiles(400)).isEmpty();
    }

    @Test
    void method_ofOurs_isAtMost70Lines() throws IOException {
        assertThat(Sources.longMethods(Sources.all(), 70)).isEmpty();
    }

    @Test
    void plantedLongMethod_isCaught() throws IOException {
        Path source = Files.writeString(
                folder.resolve("Long.java"), "class Long {\n void run() {\n" + "int a;\n".repeat(71) + "}\n}\n");
        assertThat(Sources.longMethods(List.of(source), 70)).hasSize(1);
    }

    private JavaClasses plant(Breach breach) throws IOException {
        Path sources = Files.createTempDirectory(folder, "sources");
        Path classes = Files.createTempDirectory(folder, "classes");
        List<String> arguments = new ArrayList<>(List.of(
                "-nowarn", "-proc:none", "-d", classes.toString(), "-cp", System.getProperty("java.class.path")));
        arguments.add(write(sources, breach.type(), breach.body()));
        // rooms that may not exist yet: an empty class that the planted one names
        for (String word : breach.body().split("[ ;]")) {
            if (word.startsWith("holdfast.") && word.endsWith(".Other")) {
                arguments.add(write(sources, word.substring("holdfast.".length()), ""));
            }
        }
        int failed = ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new));
        assertThat(failed).as("javac of the planted breach").isZero();
        List<Path> roots = new ArrayList<>(List.of(classes));
        if (breach.wall().startsWith("8")) roots.addAll(Sources.compiled());
        return new ClassFileImporter().importPaths(roots);
    }

    private static String write(Path sources, String type, String body) throws IOException {
        int dot = type.lastIndexOf('.');
        String name = type.substring(dot + 1);
        Path file = sources.resolve(type.replace('.', '/') + ".java");
        Files.createDirectories(file.getParent());
        Files.writeString(
                file, "package holdfast.%s;%npublic class %s { %s }".formatted(type.substring(0, dot), name, body));
        return file.toString();
    }
}
