//! Text to trees, one for each document; a document that is broken does not hide the others.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::{
    Content, DEPTH_MAX, DOCUMENT_BYTES_MAX, DOCUMENTS_MAX, Entry, INPUT_BYTES_MAX, Mark, NODES_MAX,
    Node,
};
use crate::notice::Code;

/// How many bytes of text count as one value in the budget of a document.
const BYTES_PER_NODE: usize = 64;

/// A document's tree, or why there is none.
pub(crate) type Parsed = Result<Node, Fault>;

/// What is wrong with the YAML of a document.
#[derive(Debug, thiserror::Error)]
#[error("{mark}: {message}")]
pub(crate) struct Fault {
    pub(crate) code: Code,
    pub(crate) mark: Mark,
    pub(crate) message: String,
}

/// Reads every document of a text; empty ones are left out.
pub(crate) fn parse(text: &str) -> Vec<Parsed> {
    if text.len() > INPUT_BYTES_MAX {
        let message =
            format!("the file has {} bytes; at most {INPUT_BYTES_MAX} are read", text.len());
        return vec![Err(Fault { code: Code::Limit, mark: Mark { line: 1, column: 1 }, message })];
    }
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut documents = Vec::new();
    loop {
        let fault = match parser.next_event() {
            None => break,
            Some(Ok((Event::DocumentStart(..), span))) if documents.len() >= DOCUMENTS_MAX => {
                let message = format!("the file has more than {DOCUMENTS_MAX} documents");
                documents.push(Err(Fault { code: Code::Limit, mark: mark(&span.start), message }));
                break;
            }
            Some(Ok((Event::DocumentStart(..), span))) => {
                match Builder::new(&mut parser, &span).document() {
                    Ok(node) if node.is_null() => continue,
                    Ok(node) => {
                        documents.push(Ok(node));
                        continue;
                    }
                    Err(fault) => fault,
                }
            }
            Some(Ok(_)) => continue,
            Some(Err(error)) => syntax(&error),
        };
        documents.push(Err(fault));
        if documents.len() > DOCUMENTS_MAX || !matches!(parser.proceed_next_document(), Ok(true)) {
            break;
        }
    }
    documents
}

struct Builder<'p, 'i> {
    parser: &'p mut Parser<'i, StrInput<'i>>,
    start_byte: usize,
    spent: usize,
    anchors: HashMap<usize, (Node, usize)>,
}

impl<'p, 'i> Builder<'p, 'i> {
    fn new(parser: &'p mut Parser<'i, StrInput<'i>>, span: &Span) -> Self {
        let start_byte = span.start.byte_offset().unwrap_or(0);
        Self { parser, start_byte, spent: 0, anchors: HashMap::new() }
    }

    fn document(mut self) -> Parsed {
        let (event, span) = self.next()?;
        self.node(event, &span, 0)
    }

    fn next(&mut self) -> Result<(Event<'i>, Span), Fault> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let end = span.end.byte_offset().unwrap_or(self.start_byte);
                if end.saturating_sub(self.start_byte) > DOCUMENT_BYTES_MAX {
                    let message = format!("the document has more than {DOCUMENT_BYTES_MAX} bytes");
                    return Err(fault(Code::Limit, &span, message));
                }
                Ok((event, span))
            }
            Some(Err(error)) => Err(syntax(&error)),
            None => Err(Fault {
                code: Code::Syntax,
                mark: Mark { line: 1, column: 1 },
                message: "the text ends within a document".into(),
            }),
        }
    }

    fn spend(&mut self, cost: usize, span: &Span) -> Result<(), Fault> {
        self.spent = self.spent.saturating_add(cost);
        if self.spent > NODES_MAX {
            let message =
                format!("the document has more than {NODES_MAX} values, its aliases expanded");
            return Err(fault(Code::Limit, span, message));
        }
        Ok(())
    }

    /// The value that begins with an event.
    fn node(&mut self, event: Event<'i>, span: &Span, depth: usize) -> Parsed {
        if depth > DEPTH_MAX {
            let message = format!("lists and mappings are nested deeper than {DEPTH_MAX}");
            return Err(fault(Code::Limit, span, message));
        }
        let before = self.spent;
        let (content, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(1 + text.len() / BYTES_PER_NODE, span)?;
                let as_text = is_text(tag.as_deref(), span)?;
                let plain = style == ScalarStyle::Plain && !as_text;
                (Content::Scalar { text: text.into_owned(), plain }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.spend(1, span)?;
                is_text(tag.as_deref(), span)?;
                (Content::List(self.list(depth)?), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.spend(1, span)?;
                is_text(tag.as_deref(), span)?;
                (Content::Mapping(self.mapping(depth)?), anchor)
            }
            Event::Alias(id) => return self.alias(id, span),
            _ => return Err(fault(Code::Syntax, span, "a value is expected here".into())),
        };
        let node = Node { mark: mark(&span.start), content };
        if anchor != 0 {
            let cost = self.spent - before;
            self.spend(cost, span)?;
            self.anchors.insert(anchor, (node.clone(), cost));
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, span: &Span) -> Parsed {
        let Some(cost) = self.anchors.get(&id).map(|(_, cost)| *cost) else {
            return Err(fault(Code::Syntax, span, "an alias stands within what it names".into()));
        };
        self.spend(cost, span)?;
        match self.anchors.get(&id) {
            Some((node, _)) => Ok(Node { mark: mark(&span.start), content: node.content.clone() }),
            None => Err(fault(Code::Syntax, span, "an alias names nothing".into())),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<Entry>, Fault> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(entries);
            }
            let Node { mark, content } = self.node(event, &span, depth + 1)?;
            let Content::Scalar { text: key, plain } = content else {
                return Err(fault(Code::Syntax, &span, "a key must be text".into()));
            };
            if plain && key == "<<" {
                let message = "merge keys (`<<`) are not read; write the fields out";
                return Err(fault(Code::Syntax, &span, message.into()));
            }
            if !seen.insert(key.clone()) {
                let message = format!("the key `{key}` stands twice in this mapping");
                return Err(fault(Code::DuplicateKey, &span, message));
            }
            let (event, span) = self.next()?;
            let value = self.node(event, &span, depth + 1)?;
            entries.push(Entry { key, mark, value });
        }
    }
}

/// Whether a tag says that a scalar is text; tags that YAML itself does not define are refused.
fn is_text(tag: Option<&Tag>, span: &Span) -> Result<bool, Fault> {
    match tag {
        None => Ok(false),
        Some(tag) if tag.is_yaml_core_schema() => Ok(tag.is_yaml_core_schema_tag("str")),
        Some(tag) => {
            let message = format!("the tag `{}` is not read", tag.original());
            Err(fault(Code::Syntax, span, message))
        }
    }
}

fn syntax(error: &ScanError) -> Fault {
    Fault { code: Code::Syntax, mark: mark(error.marker()), message: error.info() }
}

fn fault(code: Code, span: &Span, message: String) -> Fault {
    Fault { code, mark: mark(&span.start), message }
}

fn mark(marker: &Marker) -> Mark {
    Mark { line: marker.line().max(1), column: marker.col() + 1 }
}
