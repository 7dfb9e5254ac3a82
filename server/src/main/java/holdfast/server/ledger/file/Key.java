package holdfast.server.ledger.file;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// What a key of the fleet file means; the schema and the refusals are made from it.
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.RECORD_COMPONENT, ElementType.FIELD})
@interface Key {
    /// One sentence for people.
    String says();

    /// Whether leaving it out is refused.
    boolean required() default false;

    /// Least number.
    long least() default Long.MIN_VALUE;

    /// Largest number.
    long most() default Long.MAX_VALUE;

    /// The only words that are allowed; none for any.
    String[] words() default {};
}
