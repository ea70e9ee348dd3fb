/** The mark: three signal arms, one lamp lit. The same drawing as `public/favicon.svg`. */
export function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#0b6b74" />
      <path d="M9 22V10m7 12v-7m7 7V10" stroke="#fff" strokeWidth="3.2" strokeLinecap="round" />
      <circle cx="16" cy="9.6" r="2.4" fill="#ffb454" />
    </svg>
  );
}
