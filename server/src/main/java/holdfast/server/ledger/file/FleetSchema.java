package holdfast.server.ledger.file;

import com.github.victools.jsonschema.generator.FieldScope;
import com.github.victools.jsonschema.generator.Option;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import holdfast.core.base.Ratio;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The JSON Schema of the fleet file (draft 2020-12), made from the records that the file is read into, so that
/// editors can complete and check it. It is what `docs/reference/fleet.schema.json` holds.
public final class FleetSchema {
    private FleetSchema() {}

    public static String json() {
        SchemaGeneratorConfigBuilder config =
                new SchemaGeneratorConfigBuilder(SchemaVersion.DRAFT_2020_12, OptionPreset.PLAIN_JSON);
        config.with(Option.FORBIDDEN_ADDITIONAL_PROPERTIES_BY_DEFAULT, Option.MAP_VALUES_AS_ADDITIONAL_PROPERTIES);
        config.with(Option.INLINE_ALL_SCHEMAS);
        config.forFields()
                .withPropertyNameOverrideResolver(field -> FormReader.key(field.getDeclaredName()))
                .withDescriptionResolver(FleetSchema::description)
                .withRequiredCheck(FleetSchema::isRequired)
                .withNumberInclusiveMinimumResolver(field -> bound(field, true))
                .withNumberInclusiveMaximumResolver(field -> bound(field, false))
                .withEnumResolver(FleetSchema::words);
        config.forTypesInGeneral().withCustomDefinitionProvider((type, context) -> {
            if (type.isInstanceOf(Duration.class))
                return text(context.getGeneratorConfig().createObjectNode(), "^[0-9]{1,9} ?(ms|s|min|h|d)$");
            if (type.isInstanceOf(Ratio.class))
                return text(context.getGeneratorConfig().createObjectNode(), "^[0-9]{1,3} ?%$");
            return null;
        });
        ObjectNode schema = new SchemaGenerator(config.build()).generateSchema(Forms.FleetForm.class);
        schema.put("title", "Holdfast fleet");
        return JsonMapper.builder()
                        .enable(SerializationFeature.INDENT_OUTPUT)
                        .build()
                        .writeValueAsString((JsonNode) schema)
                + "\n";
    }

    private static com.github.victools.jsonschema.generator.CustomDefinition text(ObjectNode node, String pattern) {
        node.put("type", "string").put("pattern", pattern);
        return new com.github.victools.jsonschema.generator.CustomDefinition(node);
    }

    private static @Nullable Key about(FieldScope field) {
        return field.getAnnotation(Key.class);
    }

    private static @Nullable String description(FieldScope field) {
        Key about = about(field);
        return about == null ? null : about.says();
    }

    private static boolean isRequired(FieldScope field) {
        Key about = about(field);
        return about != null && about.required();
    }

    private static @Nullable BigDecimal bound(FieldScope field, boolean least) {
        Key about = about(field);
        if (about == null) return null;
        long bound = least ? about.least() : about.most();
        return bound == Long.MIN_VALUE || bound == Long.MAX_VALUE ? null : BigDecimal.valueOf(bound);
    }

    private static @Nullable List<String> words(FieldScope field) {
        Key about = about(field);
        boolean item = field.isFakeContainerItemScope() || !field.isContainerType();
        return about == null || about.words().length == 0 || !item ? null : List.of(about.words());
    }
}
