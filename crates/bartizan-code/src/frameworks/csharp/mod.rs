//! Frameworks of C#.
