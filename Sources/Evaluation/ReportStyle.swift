/// The style sheet of a report's page, for light and dark displays, narrow and wide.
let reportStyle: HTML = """
    :root { color-scheme: light dark; --text: #1d1f21; --page: #fff; --quiet: #62676d; --line: #dcdfe3; --own: #2f6fb3; --other: #9aa1a9; --whole: #eef0f2; }
    @media (prefers-color-scheme: dark) {
    :root { --text: #e4e6e8; --page: #16181a; --quiet: #9ba1a7; --line: #34383c; --own: #6ea8e0; --other: #767d84; --whole: #24272a; }
    }
    body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); max-width: 64rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
    h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0 .5rem; }
    h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
    h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
    p { max-width: 46rem; margin: .5rem 0; }
    .summary { font-size: 1.1rem; }
    small, footer, caption { color: var(--quiet); }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 1rem 0; font-size: .9rem; }
    dt { color: var(--quiet); }
    dd { margin: 0; }
    code { font: .85rem/1.4 ui-monospace, monospace; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: .9rem; margin: .75rem 0; overflow-wrap: normal; }
    caption { text-align: left; padding-bottom: .4rem; }
    th, td { text-align: left; padding: .3rem 1rem .3rem 0; border-top: 1px solid var(--line); vertical-align: top; font-variant-numeric: tabular-nums; }
    thead th { border-top: 0; color: var(--quiet); font-weight: normal; }
    tbody th { font-weight: 600; }
    .number { display: inline-block; min-width: 4.2em; }
    svg { vertical-align: middle; max-width: 100%; }
    svg .whole { fill: var(--whole); }
    svg .own { fill: var(--own); }
    svg .other { fill: var(--other); }
    svg path { stroke: var(--text); stroke-width: 1.5px; vector-effect: non-scaling-stroke; fill: none; }
    .pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 14rem), 1fr)); gap: 1.25rem 1rem; margin: 1rem 0; }
    figure { margin: 0; }
    figure img { width: 6.5rem; height: auto; margin-right: .35rem; border-radius: 3px; vertical-align: top; background: var(--whole); }
    figcaption { font-size: .85rem; line-height: 1.4; margin-top: .3rem; }
    figcaption small { white-space: nowrap; }
    summary { cursor: pointer; color: var(--quiet); font-size: .9rem; }
    footer { font-size: .85rem; margin: 2.5rem 0 1rem; border-top: 1px solid var(--line); }
    """
