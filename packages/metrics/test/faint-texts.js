// Run in a browser: the texts of the page whose contrast is below 4.5 (WCAG 2.2, 1.4.3).
;(() => {
  const parts = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number)
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((value) => {
      const share = value / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = (start) => {
    for (let at = start; at !== null; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor
      if (parts(colour)[3] !== 0) return colour
    }
    return 'rgb(255, 255, 255)'
  }
  const hasText = (one) =>
    [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '')
  const contrast = (one) => {
    const [lighter, darker] = [light(getComputedStyle(one).color), light(behind(one))].toSorted(
      (a, b) => b - a,
    )
    return (lighter + 0.05) / (darker + 0.05)
  }
  return [...document.querySelectorAll('body *')]
    .filter((one) => one.checkVisibility() && hasText(one) && contrast(one) < 4.5)
    .map((one) => `${one.tagName} ${one.textContent.trim().slice(0, 40)}`)
})()
