//! What the check of [`super`] sees of assembly as compilers write it for x86-64: functions, their innermost
//! loops, and which instructions of those multiply and add or reach into the stack.

use std::collections::{BTreeMap, BTreeSet};

/// One function, by its symbol.
#[derive(Debug)]
pub(super) struct Function<'a> {
    pub(super) symbol: &'a str,
    lines: Vec<&'a str>,
}

/// All functions of a file.
pub(super) fn functions(text: &str) -> Vec<Function<'_>> {
    let mut found = Vec::new();
    let mut open: Option<Function<'_>> = None;
    let mut label = "";
    for line in text.lines() {
        let code = line.trim();
        if code.starts_with(".cfi_startproc") {
            open = Some(Function { symbol: label, lines: Vec::new() });
        } else if code.starts_with(".cfi_endproc") {
            found.extend(open.take());
        } else if let Some(function) = &mut open {
            function.lines.push(code);
        } else if let Some(name) = code.strip_suffix(':') {
            label = name;
        }
    }
    found
}

/// A loop that contains no other.
#[derive(Debug)]
pub(super) struct Loop<'a> {
    /// The label that it jumps back to.
    pub(super) label: &'a str,
    lines: Vec<&'a str>,
}

impl Function<'_> {
    /// Whether its symbol names this path, whichever way symbols are mangled: each name after its length.
    pub(super) fn is(&self, path: &[&str]) -> bool {
        let mangled: String = path.iter().map(|name| format!("{}{name}", name.len())).collect();
        self.symbol.contains(&mangled)
    }

    /// The innermost loops: what lies on the ways from a label to a jump back to it, whatever the order in
    /// which it was laid out.
    pub(super) fn loops(&self) -> Vec<Loop<'_>> {
        let jumps = self.jumps();
        let before = self.before(&jumps);
        // Several jumps back to one label are of one loop.
        let mut bodies = BTreeMap::<usize, BTreeSet<usize>>::new();
        for (&from, &to) in jumps.iter().filter(|(from, to)| to <= from) {
            if let Some(body) = natural_loop(&before, to, from) {
                bodies.entry(to).or_default().extend(body);
            }
        }
        let inner = |(label, body): &(&usize, &BTreeSet<usize>)| {
            !bodies.keys().any(|other| other != *label && body.contains(other))
        };
        let line = |at: &usize| self.lines[*at];
        let found = bodies.iter().filter(inner);
        found
            .map(|(label, body)| Loop {
                label: line(label),
                lines: body.iter().map(line).collect(),
            })
            .collect()
    }

    /// The lines that jump within the function, and where to.
    fn jumps(&self) -> BTreeMap<usize, usize> {
        let lines = self.lines.iter().enumerate();
        let labels: BTreeMap<&str, usize> =
            lines.clone().filter_map(|(at, line)| Some((line.strip_suffix(':')?, at))).collect();
        let target = |line: &str| labels.get(line.split_whitespace().last()?).copied();
        let jumps = lines.filter(|(_, line)| line.starts_with('j'));
        jumps.filter_map(|(at, line)| Some((at, target(line)?))).collect()
    }

    /// The lines from which each line is reached at once.
    fn before(&self, jumps: &BTreeMap<usize, usize>) -> Vec<Vec<usize>> {
        let mut before = vec![Vec::new(); self.lines.len()];
        jumps.iter().for_each(|(&from, &to)| before[to].push(from));
        for (at, (line, next)) in self.lines.iter().zip(before.iter_mut().skip(1)).enumerate() {
            if !["jmp", "ret", "ud2"].iter().any(|end| line.starts_with(end)) {
                next.push(at);
            }
        }
        before
    }
}

/// The lines from which `end` is reached without passing `start`; nothing if the first line of the function
/// is one of them, for then the way back to `start` is no loop.
fn natural_loop(before: &[Vec<usize>], start: usize, end: usize) -> Option<BTreeSet<usize>> {
    let mut body = BTreeSet::from([start, end]);
    let mut open = vec![end];
    while let Some(at) = open.pop().filter(|_| !body.contains(&0) || start == 0) {
        let news = before[at].iter().filter(|_| at != start);
        let news: Vec<usize> = news.copied().filter(|other| body.insert(*other)).collect();
        open.extend(news);
    }
    (start == 0 || !body.contains(&0)).then_some(body)
}

impl Loop<'_> {
    /// Whether it multiplies and adds at once.
    pub(super) fn multiplies_and_adds(&self) -> bool {
        self.lines.iter().any(|line| line.starts_with("vfmadd"))
    }

    /// The instructions that move a vector register to the stack or from it.
    pub(super) fn spills(&self) -> Vec<&str> {
        let on_stack = |line: &&&str| line.contains("(%rsp") && line.contains("mm");
        self.lines.iter().filter(on_stack).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loop within a loop, with one instruction more in the inner one.
    fn text(instruction: &str) -> String {
        format!(
            "\t.globl\t_ZN1a1b4avx217h0E\n_ZN1a1b4avx217h0E:\n\t.cfi_startproc\n\
             \tvmovaps\t%ymm1, 64(%rsp)\n.LBB0_1:\n\tmovq\t8(%rsp), %rax\n.LBB0_2:\n\
             \tvmovups\t(%rdi,%rax,4), %ymm0\n\t{instruction}\n\
             \tvfmadd231ps\t%ymm0, %ymm2, %ymm1\n\tdecq\t%rax\n\tjne\t.LBB0_2\n\
             \tvmovaps\t%ymm1, 96(%rsp)\n\tdecq\t%rcx\n\tjne\t.LBB0_1\n\tretq\n\t.cfi_endproc\n"
        )
    }

    #[test]
    fn a_vector_that_goes_to_the_stack_in_an_innermost_loop_is_found() {
        for spill in ["vmovaps\t%ymm3, 32(%rsp)", "vfmadd231ps\t32(%rsp), %ymm2, %ymm3"] {
            let text = text(spill);
            let functions = functions(&text);
            let loops = functions[0].loops();
            assert_eq!(loops.len(), 1);
            assert_eq!(loops[0].label, ".LBB0_2:");
            assert_eq!(loops[0].spills(), [spill]);
        }
    }

    #[test]
    fn other_loops_and_registers_may_use_the_stack() {
        for other in ["movq\t32(%rsp), %rbx", "vbroadcastss\t4(%rbp), %ymm3"] {
            let text = text(other);
            let functions = functions(&text);
            let loops = functions[0].loops();
            assert!(loops[0].multiplies_and_adds());
            assert_eq!(loops[0].spills(), [""; 0]);
        }
    }

    #[test]
    fn a_loop_reaches_to_the_last_jump_back_to_its_label() {
        let text =
            "f:\n.cfi_startproc\n.L1:\nje .L1\nvmovaps %zmm0, (%rsp)\njne .L1\n.cfi_endproc\n";
        let functions = functions(text);
        let loops = functions[0].loops();
        assert_eq!((loops.len(), loops[0].spills().len()), (1, 1));
        assert!(!loops[0].multiplies_and_adds());
    }

    #[test]
    fn a_jump_back_to_what_does_not_lead_to_it_is_no_loop() {
        let tail =
            ".L2:\nvmovaps %zmm0, (%rsp)\nretq\n.L3:\nvfmadd231ps %zmm0, %zmm1, %zmm2\njmp .L2\n";
        let text = format!("f:\n.cfi_startproc\nnop\nje .L3\nnop\n{tail}.cfi_endproc\n");
        assert_eq!(functions(&text)[0].loops().len(), 0);
    }

    #[test]
    fn a_part_of_a_loop_that_lies_behind_its_last_line_is_of_it() {
        let text = "f:\n.cfi_startproc\nnop\n.L1:\nje .L2\n.L3:\njne .L1\nretq\n.L2:\n\
                    vmovaps %zmm0, (%rsp)\njmp .L3\n.cfi_endproc\n";
        let functions = functions(text);
        let loops = functions[0].loops();
        assert_eq!((loops.len(), loops[0].label, loops[0].spills().len()), (1, ".L1:", 1));
    }

    #[test]
    fn functions_are_known_by_their_path_in_either_mangling() {
        let text = text("nop");
        let functions = functions(&text);
        assert!(functions[0].is(&["b", "avx2"]) && !functions[0].is(&["b", "avx512"]));
        let symbol = "_RNvNvNtCs1_13tamis_kernels9correlate9correlate4avx2";
        let function = Function { symbol, lines: Vec::new() };
        assert!(function.is(&["correlate", "correlate", "avx2"]));
    }
}
