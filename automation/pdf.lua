-- SPDX-License-Identifier: GPL-2.0-only
--
-- For pandoc's PDF output: text as wide as 79 columns of code, no page break
-- inside of code or a figure, and no hyphens, which names do not have.

function CodeBlock(block)
    return {pandoc.RawBlock("ms", ".KS"), block, pandoc.RawBlock("ms", ".KE")}
end

function Meta(meta)
    meta["header-includes"] = pandoc.MetaBlocks{
        pandoc.RawBlock("ms", ".nr HY 0\n.nr PO 0.83i\n.nr LL 6.6i\n.nr LT 6.6i")}
    return meta
end
