//! limbeck_stub.h out of limbeck.h: the same names and signatures as functions that do nothing.

const INTRODUCTION: &str = "\
/* limbeck, left out: the calls of limbeck.h as functions that do nothing, for builds without the library.
 *
 * Generated from rust/capi by `cargo run -p limbeck --example header`; not to be edited.
 *
 *     #ifdef HAVE_LIMBECK
 *     #include <limbeck/limbeck.h>
 *     #else
 *     #include <limbeck/limbeck_stub.h>
 *     #endif
 *
 * Calls that write (config, session, variable, block, step, distil) set their outputs and return LBK_OK, as with
 * LIMBECK_MODE=off. Calls that read archives return LBK_COMPATIBILITY. Nothing has to be linked. limbeck.h, included
 * later (limbeck.hpp does so), adds nothing.
 */
";

const HELPERS: &str = r#"
/* Something for handles to point at that is not NULL. */
static inline void *lbk_stub_handle(void) {
    static char handle;
    return &handle;
}

/* Gives out a text as limbeck does: whole or not at all. */
static inline void lbk_stub_text(const char *text, char *buffer, size_t size, size_t *needed) {
    size_t i = 0, length = 0;
    while (text[length]) length++;
    if (needed) *needed = length + 1;
    if (!buffer || size <= length) return;
    for (i = 0; i <= length; i++) buffer[i] = text[i];
}
"#;

const MESSAGE: &str = "this program was built without limbeck (limbeck_stub.h), so it cannot read archives";

/// A declaration of the header.
struct Call {
    returns: String,
    name: String,
    /// Type and name of each parameter.
    parameters: Vec<(String, String)>,
    /// As it stands in the header, without the semicolon.
    signature: String,
}

/// The stub that belongs to the text of limbeck.h.
pub fn stub(header: &str) -> String {
    let (definitions, declarations) =
        header.split_once("#ifdef __cplusplus\nextern \"C\" {").expect("limbeck.h has calls");
    let includes = definitions.find("#include").expect("limbeck.h includes");
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n#ifndef LIMBECK_STUB_H\n#define LIMBECK_STUB_H\n\n");
    text.push_str("#ifdef LIMBECK_LIMBECK_H\n#error \"include either limbeck.h or limbeck_stub.h\"\n#endif\n");
    text.push_str("#define LIMBECK_LIMBECK_H\n\n");
    text.push_str(definitions[includes..].trim_end());
    text.push('\n');
    text.push_str(HELPERS);
    for call in calls(declarations) {
        text.push_str(&format!("\nstatic inline {} {{\n", call.signature));
        for line in body(&call, header) {
            text.push_str(&format!("    {line}\n"));
        }
        text.push_str("}\n");
    }
    text.push_str("\n#endif /* LIMBECK_STUB_H */\n");
    text
}

fn calls(declarations: &str) -> Vec<Call> {
    let code: Vec<&str> =
        declarations.lines().filter(|line| !line.starts_with("//") && !line.starts_with('#')).collect();
    let code = code.join("\n");
    code.split(';').map(str::trim).filter(|one| one.contains("lbk_")).map(call).collect()
}

fn call(declaration: &str) -> Call {
    let (head, parameters) = declaration.split_once('(').expect("a declaration has parameters");
    let (returns, name) = typed(head);
    let parameters = parameters.trim_end_matches(')').split(',').map(|p| typed(p.trim()));
    let parameters = parameters.filter(|(kind, name)| !(kind.is_empty() && name == "void")).collect();
    Call { returns, name, parameters, signature: declaration.to_owned() }
}

/// "const char *text" as type and name.
fn typed(text: &str) -> (String, String) {
    let begin = text.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
    (text[..begin].split_whitespace().collect::<Vec<_>>().join(" "), text[begin..].to_owned())
}

fn body(call: &Call, header: &str) -> Vec<String> {
    let unused = |used: &[&str]| -> Vec<String> {
        let names = call.parameters.iter().map(|(_, name)| name.as_str());
        names.filter(|name| !used.contains(name)).map(|name| format!("(void)({name});")).collect()
    };
    let text = |text: &str| {
        let give = format!("lbk_stub_text({text}, buffer, size, needed);");
        [unused(&["buffer", "size", "needed"]), vec![give, "return LBK_OK;".to_owned()]].concat()
    };
    match call.name.as_str() {
        "lbk_status_name" => return status_names(header),
        "lbk_version" => return vec!["return LBK_VERSION;".into()],
        "lbk_abi_version" => return vec!["return LBK_ABI_VERSION;".into()],
        "lbk_last_error" => return text(&format!("\"{MESSAGE}\"")),
        "lbk_session_metrics" => return text("\"{}\""),
        "lbk_config_get" | "lbk_options" => return text("\"\""),
        _ => assert_eq!(call.returns, "lbk_status", "{} needs a body of its own", call.name),
    }
    let mut lines = Vec::new();
    let mut used = Vec::new();
    let closes = call.name.ends_with("_close");
    let reads = call.name.starts_with("lbk_archive_") && !closes;
    for (kind, name) in call.parameters.iter().filter(|_| !reads) {
        let value = match kind.as_str() {
            kind if kind.ends_with("**") && closes => "NULL".to_owned(),
            kind if kind.ends_with("**") => {
                format!("({})lbk_stub_handle()", kind.trim_end_matches('*').to_owned() + "*")
            }
            // No output: an opaque handle, or data that is only read.
            kind if !kind.ends_with('*') || kind.starts_with("const ") || kind.starts_with("lbk_") => continue,
            _ if (call.name.as_str(), name.as_str()) == ("lbk_session_durable", "cycle") => "INT64_MAX".to_owned(),
            _ if name == "user" => continue,
            _ => panic!("what does {} set its output {name} to? Say so in stub.rs", call.name),
        };
        lines.push(format!("if ({name}) *{name} = {value};"));
        used.push(name.as_str());
    }
    let status = if reads { "LBK_COMPATIBILITY" } else { "LBK_OK" };
    [unused(&used), lines, vec![format!("return {status};")]].concat()
}

fn status_names(header: &str) -> Vec<String> {
    let begin = header.find("#define LBK_OK ").expect("the first status");
    let statuses = header[begin..].lines().filter_map(|line| line.strip_prefix("#define "));
    let names =
        statuses.filter_map(|line| line.split_whitespace().next()).take_while(|name| !name.starts_with("LBK_FLOAT"));
    let mut lines = vec!["switch (status) {".to_owned()];
    lines.extend(names.map(|name| format!("case {name}: return \"{name}\";")));
    lines.extend(["default: return \"LBK_UNKNOWN\";".to_owned(), "}".to_owned()]);
    lines
}
