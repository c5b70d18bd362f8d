import java.io.File;
import java.util.Map;
import java.util.TreeMap;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.RuleId;

/**
 * Asks veraPDF about files: {@code Validate FLAVOUR,FLAVOUR FILE...}.
 *
 * <p>Prints a line for each file and flavour, fields apart by tabs: flavour, file, and "compliant"
 * or "failed". After it come lines for each broken rule: flavour, file, "rule", its clause and
 * test, how often it is broken, and what it says with the first place.
 */
public final class Validate {
    private static final int SHOWN = 100;

    private Validate() {}

    public static void main(String[] arguments) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        for (int at = 1; at < arguments.length; at++) {
            for (String flavour : arguments[0].split(",")) {
                validate(PDFAFlavour.byFlavourId(flavour), flavour, arguments[at]);
            }
        }
    }

    private static void validate(PDFAFlavour flavour, String name, String file) throws Exception {
        try (PDFAParser parser =
                Foundries.defaultInstance().createParser(new File(file), flavour)) {
            PDFAValidator validator =
                    Foundries.defaultInstance().createValidator(flavour, SHOWN, false, false, false);
            ValidationResult result = validator.validate(parser);
            if (result.getTotalAssertions() == 0) {
                throw new IllegalStateException("veraPDF asked nothing about " + file);
            }
            say(name, file, result.isCompliant() ? "compliant" : "failed");
            Map<RuleId, String> places = new TreeMap<>((a, b) -> key(a).compareTo(key(b)));
            for (TestAssertion broken : result.getTestAssertions()) {
                String place = broken.getMessage() + " @ " + broken.getLocation().getContext();
                places.putIfAbsent(broken.getRuleId(), place.replaceAll("\\s+", " "));
            }
            for (Map.Entry<RuleId, Integer> rule : result.getFailedChecks().entrySet()) {
                String said = places.getOrDefault(rule.getKey(), "");
                say(name, file, "rule", key(rule.getKey()), rule.getValue().toString(), said);
            }
        }
    }

    private static String key(RuleId rule) {
        return rule.getClause() + "-" + rule.getTestNumber();
    }

    private static void say(String... fields) {
        System.out.println(String.join("\t", fields));
    }
}
