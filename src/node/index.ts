// The public face of the Node side: trees of real files.

export { openTree, problemSentence } from './trees/open-tree.ts'
