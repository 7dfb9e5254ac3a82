package holdfast.house;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/// Our own sources, as the tests of the house see them: Maven runs tests in the module's folder.
final class Sources {
    private static final List<Path> ROOTS = List.of(Path.of("../core/src/main/java"), Path.of("src/main/java"));

    private Sources() {}

    static List<Path> all() throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path root : ROOTS) {
            try (Stream<Path> walk = Files.walk(root)) {
                walk.filter(file -> file.toString().endsWith(".java")).sorted().forEach(files::add);
            }
        }
        return files;
    }

    static List<Path> packages() throws IOException {
        return all().stream().map(Path::getParent).distinct().toList();
    }

    static List<Path> compiled() {
        return List.of(Path.of("../core/target/classes"), Path.of("target/classes"));
    }

    static List<String> longFiles(int mostLines) throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : all()) {
            long lines;
            try (Stream<String> text = Files.lines(file)) {
                lines = text.count();
            }
            if (lines > mostLines) found.add(file + " has " + lines + " lines");
        }
        return found;
    }

    static List<String> longMethods(List<Path> files, int mostLines) throws IOException {
        List<String> found = new ArrayList<>();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask) compiler.getTask(
                    null, manager, null, List.of("-proc:none"), null, manager.getJavaFileObjectsFromPaths(files));
            SourcePositions positions = Trees.instance(task).getSourcePositions();
            for (CompilationUnitTree unit : task.parse()) {
                new TreeScanner<Void, Void>() {
                    @Override
                    public Void visitMethod(MethodTree method, Void nothing) {
                        long first = unit.getLineMap().getLineNumber(positions.getStartPosition(unit, method));
                        long last = unit.getLineMap().getLineNumber(positions.getEndPosition(unit, method));
                        if (last - first + 1 > mostLines) {
                            found.add("%s: %s has %d lines"
                                    .formatted(unit.getSourceFile().getName(), method.getName(), last - first + 1));
                        }
                        return super.visitMethod(method, nothing);
                    }
                }.scan(unit, null);
            }
        }
        return found;
    }
}
