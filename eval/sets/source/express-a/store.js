// Tiny in-memory store, good enough for one village hall.
const tools = new Map();
const loans = [];
const members = new Map();
let next = 1;

module.exports = {
  tools,
  loans,
  members,
  addTool(t) {
    const tool = { id: next++, ...t };
    tools.set(tool.id, tool);
    return tool;
  },
  loansOf(memberId) {
    return loans.filter((l) => l.memberId === memberId);
  },
};
