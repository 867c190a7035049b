//! Keys of services for language models and machine learning.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("ai_key"),
    title: "Key of an AI service",
    what: "Keys of Anthropic, OpenAI, OpenRouter, Groq, Perplexity, Hugging Face, Replicate, \
           NVIDIA, Together, Cerebras, Fireworks, Jina, Langfuse and LangSmith, by beginning, alphabet and length.",
    examples: &[
        ("x", concat!("sk-", "proj-", "a7Kq2ZpL9xWm4RtY8vBn3HsD6fJc5GeU1iOoPlQza7Kq")),
        ("x", concat!("hf_", "aXKqBZpLDxWmFRtYGvBnCHsDHfJcIGeUJi")),
    ],
    counterexamples: &[
        ("x", "nvapi-abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789ab"),
        ("x", "sk-proj-short"),
        ("x", "hf_model_name"),
    ],
    references: &["providers' documentation of token forms"],
    ..MEMBER
};
