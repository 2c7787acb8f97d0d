//! A script's text without its layout: what makes it the same script as before.
//!
//! A rule keeps its memory as long as this stays the same. Comments and line
//! breaks do not count, a changed number or function does.

/// The text from a byte on, up to the end of the brackets that follow, without
/// comments and blanks.
pub fn squeeze(text: &str, start: usize) -> String {
    let mut out = String::new();
    let mut rest = text.get(start..).unwrap_or_default();
    let mut depth = 0_usize;
    while let Some(next) = rest.chars().next() {
        let taken = match next {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment(rest),
            '"' | '\'' | '`' => {
                let end = quoted(rest, next);
                out.push_str(&rest[..end]);
                end
            }
            _ if next.is_whitespace() => next.len_utf8(),
            _ => {
                let end = word(rest).max(next.len_utf8());
                if out.ends_with(is_word) && next.is_alphanumeric() {
                    out.push(' ');
                }
                out.push_str(&rest[..end]);
                match next {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' if depth <= 1 => return out,
                    ')' | ']' | '}' => depth -= 1,
                    _ => {}
                }
                end
            }
        };
        rest = &rest[taken..];
    }
    out
}

/// A number that differs for different texts (FNV-1a).
pub fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn word(text: &str) -> usize {
    text.find(|letter| !is_word(letter)).unwrap_or(text.len())
}

/// The length of a comment that may hold others.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth.saturating_sub(1), at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of a text in quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + letter.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(a: &str, b: &str, expected: bool) {
        assert_eq!(squeeze(a, 0) == squeeze(b, 0), expected, "{a}\n{b}");
    }

    #[test]
    fn layout_and_comments_do_not_count() {
        same("{ a + 1 }", "{a+1 // more\n}", true);
        same("{ a /* x /* y */ */ b }", "{ a  b }", true);
        same("decide(|s, mem| { s.soc })", "decide( |s,mem| {\n s.soc }) ; more", true);
    }

    #[test]
    fn words_and_texts_count() {
        same("{ let a }", "{ leta }", false);
        same("{ \"a b\" }", "{ \"ab\" }", false);
        same("{ \"// a\" }", "{ \"// b\" }", false);
        same("{ `)` + 1 }", "{ `)` + 2 }", false);
        same("{ \"\\\"\" + 1 }", "{ \"\\\"\" + 2 }", false);
    }
}
