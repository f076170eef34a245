//! Tests of the reader of DARTS genotypes: the forms that it takes, and what it refuses where.

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as SerdeError, StrDeserializer};

use super::*;

/// A genotype whose cells have two nodes.
const TEXT: &str = "Genotype(normal=[('sep_conv_3x3', 1), ('skip_connect', 0), \
    ('dil_conv_5x5', 2), ('noise', 0)], normal_concat=range(2, 4), \
    reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('sep_conv_7x7', 2), ('none', 2)], \
    reduce_concat=[3, 2])";

fn written(text: &str) -> String {
    text.parse::<Genotype>().unwrap().to_string()
}

fn error(text: &str) -> (usize, String, String) {
    match text.parse::<Genotype>() {
        Err(Error::Genotype { space: "darts", position, found, expected, .. }) => {
            (position, found, expected)
        }
        other => panic!("{other:?}"),
    }
}

/// Asserts that putting `new` for the first `old` is refused where `new` begins.
fn assert_refused(old: &str, new: &str, found: &str, expected: &str) {
    let at = TEXT.find(old).unwrap();
    let (position, was_found, was_expected) = error(&TEXT.replacen(old, new, 1));
    assert_eq!((position, was_found.as_str()), (at + 1, found));
    assert!(was_expected.starts_with(expected), "{was_expected}");
}

#[test]
fn the_canonical_form_is_written_as_it_was_read() {
    assert_eq!(written(TEXT), TEXT);
}

#[test]
fn what_stands_before_and_ends_in_an_equals_sign_is_let_pass() {
    for prefix in ["DARTS_V2 = ", "genotype = ", "11/22 10:00:00 AM genotype = ", "a = b =\n"] {
        assert_eq!(written(&format!("{prefix}{TEXT}\n")), TEXT);
    }
}

#[test]
fn what_log_lines_have_before_it_is_let_pass() {
    for prefix in [
        "11/22 10:00:00 AM genotype: ",
        "INFO (train_search.py:80) genotype = ",
        "2024-01-02 10:00:00,123 - INFO - ",
        "[01/02 10:00] ",
        "(epoch 49) -> ",
    ] {
        assert_eq!(written(&format!("{prefix}{TEXT}\n")), TEXT, "{prefix}");
    }
    let dict = "genotype: {'normal': [('none', 0), ('none', 1)], 'normal_concat': [2], \
        'reduce': [('none', 0), ('none', 1)], 'reduce_concat': [2]}";
    assert!(dict.parse::<Genotype>().is_ok());
    assert_eq!(error(&format!("no {TEXT}")).0, 4, "a sentence is no prefix");
}

#[test]
fn a_last_comma_or_semicolon_is_let_pass_and_no_second_one() {
    for end in [",", ";", " ;\n", ", # of the list"] {
        assert_eq!(written(&format!("{TEXT}{end}")), TEXT, "{end}");
    }
    assert_eq!(error(&format!("{TEXT};,")), (TEXT.len() + 2, "`,`".into(), "the end".into()));
}

#[test]
fn the_genotype_may_be_a_member_of_a_module_but_of_no_other_name() {
    for module in ["genotypes.", "cnn.genotypes.", "x = lib."] {
        assert_eq!(written(&format!("{module}{TEXT}")), TEXT, "{module}");
    }
    assert_eq!(error(&format!("Old{TEXT}")).0, 1);
    assert_eq!(error(&TEXT.replacen("Genotype", "Genotype.of", 1)).0, 1);
}

#[test]
fn numbers_and_names_are_read_as_numpy_prints_them() {
    for number in ["np.int64(0)", "numpy.int32(0)", "int(0)", "uint8(0)"] {
        let text = TEXT.replace("('skip_connect', 0)", &format!("('skip_connect', {number})"));
        assert_eq!(written(&text), TEXT, "{number}");
    }
    let named = TEXT.replace("'skip_connect'", "np.str_('skip_connect')");
    assert_eq!(written(&named), TEXT);
    assert_eq!(written(&TEXT.replace("[3, 2]", "[np.int64(3), np.int8(2)]")), TEXT);
    assert_refused("0)]", "np.float64(0))]", "`np.float64`", "the number of a node");
    assert_refused("0)]", "np.int64(0, 1))]", "`np.int64`", "the number of a node");
}

#[test]
fn outputs_are_a_range_with_its_step_or_a_list_of_one() {
    for nodes in ["range(2, 4, 1)", "list(range(2, 4))", "tuple([2, 3])", "np.array([2, 3])"] {
        assert_eq!(written(&TEXT.replace("range(2, 4)", nodes)), TEXT, "{nodes}");
    }
    let second = TEXT.replace("range(2, 4)", "range(3, 4, 5)").parse::<Genotype>().unwrap();
    assert_eq!(second.normal.concat(), [3]);
    let apart = TEXT.replace("range(2, 4)", "range(2, 4, 2)").parse::<Genotype>().unwrap();
    assert_eq!(apart.normal.concat(), [2], "every second node");
    let (_, found, expected) = error(&TEXT.replace("range(2, 4)", "range(2, 4, 0)"));
    assert_eq!((found.as_str(), expected.as_str()), ("`0`", "a step of at least 1"));
    assert_refused("range(2, 4)", "set([2, 3])", "`set`", "range(2, 6) or a list of nodes");
}

#[test]
fn quotes_lists_blanks_and_comments_are_free() {
    assert_eq!(written(&TEXT.replace('\'', "\"")), TEXT);
    assert_eq!(written(&TEXT.replace("range(2, 4)", "[2, 3]")), TEXT);
    assert_eq!(written(&TEXT.replace("range(2, 4)", "(2, 3,)")), TEXT);
    assert_eq!(written(&TEXT.replace(", ", " ,\r\n  # node's [\n")), TEXT);
    assert_eq!(written(&TEXT.replace('=', " = ")), TEXT);
}

#[test]
fn fields_come_in_any_order() {
    let moved = TEXT.replace("normal_concat=range(2, 4), ", "");
    let moved = moved.replace("[3, 2])", "[3, 2], normal_concat=range(2, 4))");
    assert_eq!(written(&moved), TEXT);
}

#[test]
fn the_nested_form_is_read_and_written() {
    let genotype: Genotype = TEXT.parse().unwrap();
    let nested = genotype.to_nested_string();
    assert_eq!(
        nested,
        "Genotype(normal=[(('sep_conv_3x3', 1), ('skip_connect', 0)), \
         (('dil_conv_5x5', 2), ('noise', 0))], normal_concat=[2, 3], \
         reduce=[(('max_pool_3x3', 0), ('max_pool_3x3', 1)), \
         (('sep_conv_7x7', 2), ('none', 2))], reduce_concat=[3, 2], connectN=None, connects=None)"
    );
    assert_eq!(nested.parse(), Ok(genotype));
}

#[test]
fn a_dict_with_weights_and_other_names_is_the_same_genotype() {
    let text = "{'normal': [(('dua_sepc_3x3', 1, 0.25), ('skip_connect', 0, np.float32(1e-3))), \
        (('dil_sepc_5x5', 2, tensor(0.2, device='cuda:0')), ('noise', 0, -1))], \
        'normal_concat': [2, 3], \"connects\": [[1], None], \
        'reduce': [[('max_pool_3x3', 0), ('max_pool_3x3', 1)], \
        (('sep_conv_7x7', 2), ('none', 2))], 'reduce_concat': [3, 2]}";
    assert_eq!(written(text), TEXT);
}

#[test]
fn operations_and_sources_are_refused_at_their_place() {
    assert_refused("'skip_connect'", "'skip'", "`'skip'`", "one of `none`, `max_pool_3x3`");
    assert_refused("'noise'", "noise", "`noise`", "the name of an operation, in quotes");
    assert_refused("0)]", "3)]", "node 3 as a source of node 3", "an earlier node");
    assert_refused("0)]", "-1)]", "`-1`", "the number of a node");
    assert_refused("0)]", "'0')]", "`'0'`", "the number of a node");
    assert_refused("('skip_connect', 0)", "('skip_connect')", "`(`", "an edge such as");
}

#[test]
fn cells_are_refused_at_their_place() {
    let odd = "[('skip_connect', 0)]";
    let normal = &TEXT[TEXT.find('[').unwrap()..=TEXT.find(']').unwrap()];
    assert_refused(normal, odd, "an odd number of edges (1)", "two edges for each node");
    assert_refused(normal, "[]", "no edges", "two edges for each node");
    let (position, found, expected) = error(&TEXT.replacen(normal, "[(('noise', 0),)]", 1));
    assert_eq!((position, found.as_str()), (TEXT.find('[').unwrap() + 2, "`(`"));
    assert_eq!(expected, "a node of two edges");
    assert_refused("range(2, 4)", "range(2, 5)", "node 4 in the output", "intermediate nodes");
    assert_refused("range(2, 4)", "range(4, 2)", "an output of no nodes", "at least one");
    assert_refused("range(2, 4)", "range(4)", "`range`", "range(2, 6) or a list of nodes");
    assert_refused("[3, 2]", "[3, 3]", "node 3 in the output", "intermediate nodes");
    let huge = format!("{}) , ", usize::MAX);
    assert_refused("4), ", &huge, &format!("`{}`", usize::MAX), "a node of the cell");
}

#[test]
fn fields_are_refused_if_they_are_missing_unknown_or_twice() {
    let (position, _, expected) = error(&TEXT.replace("reduce_concat", "connects"));
    assert_eq!((position, expected.as_str()), (1, "the field `reduce_concat`"));
    let (position, found, expected) = error(&TEXT.replace("reduce_concat", "genotype"));
    assert_eq!((position, found.as_str()), (TEXT.len() - 20, "`genotype`"));
    assert!(expected.starts_with("the fields `normal`, `normal_concat`"));
    assert_eq!(error(&TEXT.replace("reduce_concat", "normal")).1, "`normal`");
    assert_eq!(error(&TEXT.replace("reduce_concat=", "")).1, "`[`");
}

#[test]
fn another_text_is_refused_with_the_form() {
    assert_eq!(error(""), (1, "the end".into(), "a value".into()));
    assert_eq!(error("[1]").2, "`Genotype(` or `{`");
    assert_eq!(error("Structure(normal=[])").0, 1);
    let message = format!("x = {TEXT})").parse::<Genotype>().unwrap_err().to_string();
    assert_eq!(
        message,
        format!(
            "reading a darts genotype: at character {} found `)`, expected the end; hint: the form \
             is Genotype(normal=[('sep_conv_3x3', 1), ...], normal_concat=range(2, 6), \
             reduce=[...], reduce_concat=range(2, 6))",
            TEXT.len() + 5
        )
    );
}

#[test]
fn serde_reads_the_string_and_refuses_another() {
    let read = |text: &'static str| {
        let source: StrDeserializer<'_, SerdeError> = text.into_deserializer();
        Genotype::deserialize(source)
    };
    assert_eq!(String::from(read(TEXT).unwrap()), TEXT);
    assert!(read("Genotype()").unwrap_err().to_string().contains("the field `normal`"));
}

/// Cells of one to six nodes.
fn cells() -> impl Strategy<Value = Cell> {
    let numbers = prop::collection::vec((0_usize..11, any::<prop::sample::Index>()), 1..=6);
    let two = |(operation, source): (usize, prop::sample::Index), node: usize| {
        let operation = CellOperation::ALL[operation];
        [0, 1].map(|shift| Edge::new(operation, (source.index(node) + shift) % node))
    };
    (numbers, 0_usize..3, any::<bool>()).prop_map(move |(numbers, skipped, falling)| {
        let nodes = numbers.len() + 2;
        let edges = numbers.into_iter().enumerate().flat_map(|(at, number)| two(number, at + 2));
        let mut concat: Vec<usize> = (2 + skipped.min(nodes - 3)..nodes).collect();
        if falling {
            concat.reverse();
        }
        Cell::new(edges.collect(), concat).unwrap()
    })
}

proptest! {
    #[test]
    fn every_genotype_is_read_back_from_both_forms(normal in cells(), reduce in cells()) {
        let genotype = Genotype { normal, reduce };
        prop_assert_eq!(genotype.to_string().parse(), Ok(genotype.clone()));
        prop_assert_eq!(genotype.to_nested_string().parse(), Ok(genotype));
    }

    #[test]
    fn a_text_with_a_piece_cut_out_is_refused_or_read_back(
        from in 0..TEXT.len(), length in 1_usize..60, put in r#"\PC|[(\[{'"=#]|"#
    ) {
        let rest = &TEXT[(from + length).min(TEXT.len())..];
        let text = format!("{}{put}{rest}", &TEXT[..from]);
        if let Ok(genotype) = text.parse::<Genotype>() {
            prop_assert_eq!(genotype.to_string().parse(), Ok(genotype));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(
        text in r#"(\PC|[\[\](){}'",=#]|Genotype\(|normal|range\(|skip_connect|1){0,30}"#
    ) {
        let _ = text.parse::<Genotype>();
    }
}
