//! JUnit's XML, as Jenkins, GitLab and others show it. Of a Record, each threshold of each strategy is a
//! test case, and so is whether its runs are valid. Of a comparison, each figure that decides is one:
//! one that cannot be told is skipped, and says why. What is not as it was written down, in no such figure, is
//! a failure of its own.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Subject;
use crate::compare::difference::{Change, Difference};
use crate::compare::verdict::{Held, Judged, Threshold};
use crate::compare::{Comparison, Verdict};
use crate::record::{Check, Contender, Record, Standing};

pub fn render(subject: Subject<'_>) -> String {
    let mut report = Report::new(format!("cacheduel {}", subject.name()));
    match subject {
        Subject::Record(record) => report.add_test_suites(of_record(record)),
        Subject::Comparison(comparison) => report.add_test_suites(of_comparison(comparison)),
    };
    let mut text = report.to_string().expect("a report in memory can be written");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn of_record(record: &Record) -> Vec<TestSuite> {
    let verdict = Verdict::of(record);
    let both = record.contenders.iter().zip(&verdict.contenders);
    let competing = both.filter(|(contender, _)| contender.twin_of.is_none());
    competing.map(|(contender, judged)| of_contender(record, contender, judged)).collect()
}

fn of_contender(record: &Record, contender: &Contender, judged: &Judged) -> TestSuite {
    let class = format!("{}.{}", record.name, contender.label);
    let mut suite = TestSuite::new(&class);
    let of_runs = contender.runs.iter().flat_map(|run| &run.checks);
    let broken: Vec<&Check> =
        of_runs.chain(&record.checks).filter(|check| check.standing == Standing::Invalid).collect();
    let mut validity = TestCaseStatus::success();
    if !broken.is_empty() {
        validity = TestCaseStatus::non_success(NonSuccessKind::Error);
        let told: Vec<_> =
            broken.iter().map(|check| format!("{}: {}", check.name, check.detail)).collect();
        validity.set_message("INVALID: the figures are worse than none");
        validity.set_type("invalid");
        validity.set_description(told.join("\n"));
    }
    suite.add_test_case(case(&class, "valid", validity));
    suite.add_test_cases(judged.thresholds.iter().map(|threshold| {
        let name =
            format!("{} {}", threshold.metric.name(), threshold.metric.bound(threshold.asked));
        case(&class, &name, held(threshold))
    }));
    suite
}

fn held(threshold: &Threshold) -> TestCaseStatus {
    let mut status = match threshold.held {
        Held::Held => TestCaseStatus::success(),
        Held::Missed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Held::Unknown => TestCaseStatus::skipped(),
    };
    status.set_message(threshold.measured_text());
    status.set_type("threshold");
    status
}

fn of_comparison(comparison: &Comparison) -> Vec<TestSuite> {
    let suites = comparison.strategies.iter().map(|compared| {
        let class = format!("{}.{}", comparison.name, compared.label);
        let mut suite = TestSuite::new(&class);
        let deciding = compared.differences.iter().filter(|it| it.decision.is_some());
        suite.add_test_cases(
            deciding.map(|difference| case(&class, difference.metric.name(), changed(difference))),
        );
        suite
    });
    let mut suites: Vec<TestSuite> = suites.collect();
    if comparison.change() == Change::Changed {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(comparison.headline());
        status.set_type(Change::Changed.name());
        let mut suite = TestSuite::new(&comparison.name);
        suite.add_test_case(case(&comparison.name, "equal to the last count", status));
        suites.push(suite);
    }
    suites
}

fn changed(difference: &Difference) -> TestCaseStatus {
    let Some(decision) = &difference.decision else { return TestCaseStatus::success() };
    let mut status = match decision.change {
        Change::Unchanged | Change::Improved => TestCaseStatus::success(),
        Change::Changed | Change::Regressed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Change::Inconclusive => TestCaseStatus::skipped(),
    };
    let message = match (&decision.reason, difference.baseline, difference.candidate) {
        (Some(reason), ..) => reason.to_string(),
        (None, Some(from), Some(to)) => {
            format!("went from {} to {}", from.apart_from(to), to.apart_from(from))
        }
        (None, ..) => decision.change.name().to_owned(),
    };
    status.set_message(message);
    status.set_type(decision.change.name());
    status
}

fn case(class: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    case
}
