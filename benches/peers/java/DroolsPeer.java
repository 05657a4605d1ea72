// Drools with its executable model. Each vehicle has a session, all on one base of rules, with a fact
// for each signal: measured, this is faster than one session whose rules join on the vehicle. A rule
// begins where its tests match and it is not active, and ends where it is active and a test fails.

import static org.drools.model.DSL.declarationOf;
import static org.drools.model.DSL.not;
import static org.drools.model.DSL.on;
import static org.drools.model.PatternDSL.alphaIndexedBy;
import static org.drools.model.PatternDSL.pattern;
import static org.drools.model.PatternDSL.reactOn;
import static org.drools.model.PatternDSL.rule;

import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.drools.model.Index.ConstraintType;
import org.drools.model.Model;
import org.drools.model.PatternDSL.PatternDef;
import org.drools.model.Rule;
import org.drools.model.Variable;
import org.drools.model.impl.ModelImpl;
import org.drools.modelcompiler.KieBaseBuilder;
import org.kie.api.KieBase;
import org.kie.api.runtime.KieSession;
import org.kie.api.runtime.rule.FactHandle;

public final class DroolsPeer implements Protocol.Peer {
    /** The value of one signal. */
    public static final class Sample {
        private final int signal;
        private double value;

        Sample(int signal, double value) {
            this.signal = signal;
            this.value = value;
        }

        public int getSignal() { return signal; }

        public double getValue() { return value; }
    }

    /** A rule holds. */
    public static final class Active {
        private final int rule;

        Active(int rule) { this.rule = rule; }

        public int getRule() { return rule; }
    }

    private final KieSession[] sessions;
    private final Sample[][] samples;
    private final FactHandle[][] handles;
    private List<long[]> edges = new ArrayList<>();
    private long now;
    private int vehicle;

    private DroolsPeer(Protocol.Workload workload) {
        KieBase base = KieBaseBuilder.createKieBaseFromModel(model(workload.rules()));
        sessions = new KieSession[workload.vehicles()];
        samples = new Sample[workload.vehicles()][workload.signals()];
        handles = new FactHandle[workload.vehicles()][workload.signals()];
        for (int vehicle = 0; vehicle < sessions.length; vehicle++) {
            sessions[vehicle] = base.newKieSession();
            for (int signal = 0; signal < workload.signals(); signal++) {
                samples[vehicle][signal] = new Sample(signal, workload.start()[vehicle][signal]);
                handles[vehicle][signal] = sessions[vehicle].insert(samples[vehicle][signal]);
            }
            sessions[vehicle].fireAllRules();
        }
    }

    @Override
    public void take(long first, Protocol.Event[] events, List<long[]> found) {
        edges = found;
        now = first;
        for (Protocol.Event event : events) {
            vehicle = event.vehicle();
            Sample sample = samples[vehicle][event.signal()];
            if (sample.value != event.value()) {
                sample.value = event.value();
                sessions[vehicle].update(handles[vehicle][event.signal()], sample, "value");
                sessions[vehicle].fireAllRules();
            }
            now++;
        }
    }

    private Model model(Protocol.Test[][] rules) {
        ModelImpl model = new ModelImpl();
        for (int rule = 0; rule < rules.length; rule++) {
            model.addRule(begins(rule, rules[rule]));
            for (Protocol.Test test : rules[rule]) model.addRule(ends(rule, test));
        }
        return model;
    }

    private Rule begins(int rule, Protocol.Test[] tests) {
        Variable<Sample> first = declarationOf(Sample.class);
        return rule("begin " + rule).build(
            passing(first, tests[0], tests[0].above()),
            passing(declarationOf(Sample.class), tests[1], tests[1].above()),
            passing(declarationOf(Sample.class), tests[2], tests[2].above()),
            not(ofRule(declarationOf(Active.class), rule)),
            on(first).execute((drools, sample) -> {
                drools.insert(new Active(rule));
                edges.add(new long[] {now, vehicle, rule, 1});
            }));
    }

    private Rule ends(int rule, Protocol.Test test) {
        Variable<Active> active = declarationOf(Active.class);
        return rule("end " + rule + " by " + test.signal()).build(
            ofRule(active, rule),
            passing(declarationOf(Sample.class), test, !test.above()),
            on(active).execute((drools, known) -> {
                drools.delete(known);
                edges.add(new long[] {now, vehicle, rule, 0});
            }));
    }

    private static PatternDef<Active> ofRule(Variable<Active> active, int rule) {
        return pattern(active).expr("rule " + rule, known -> known.rule == rule,
            alphaIndexedBy(int.class, ConstraintType.EQUAL, 0, Active::getRule, rule), reactOn("rule"));
    }

    private static PatternDef<Sample> passing(Variable<Sample> sample, Protocol.Test test, boolean above) {
        int signal = test.signal();
        double point = test.threshold();
        PatternDef<Sample> ofSignal = pattern(sample).expr("signal " + signal, s -> s.signal == signal,
            alphaIndexedBy(int.class, ConstraintType.EQUAL, 0, Sample::getSignal, signal), reactOn("signal"));
        return above
            ? ofSignal.expr("above " + point, s -> s.value > point,
                alphaIndexedBy(double.class, ConstraintType.GREATER_THAN, 1, Sample::getValue, point), reactOn("value"))
            : ofSignal.expr("below " + point, s -> s.value < point,
                alphaIndexedBy(double.class, ConstraintType.LESS_THAN, 1, Sample::getValue, point), reactOn("value"));
    }

    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        String place = "META-INF/maven/org.drools/drools-core/pom.properties";
        try (var stream = KieSession.class.getClassLoader().getResourceAsStream(place)) {
            properties.load(stream);
        }
        String version = properties.getProperty("version") + ", Java " + System.getProperty("java.version");
        Protocol.main("Drools, executable model", version, arguments, DroolsPeer::new);
    }
}
