// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// Every text of the touchscreen in English. A text is a string, {value} filled in, or a function of the values.
const things = (n) => (n === 1 ? '1 item' : `${n} items`);

export default {
  locale: 'en-IE', dir: 'ltr', language: 'English',
  welcome: 'Ready when you are', welcome_hint: 'Scan an item, or just put it in.', welcome_start: 'Your basket is empty',
  idle: 'Hello', idle_hint: 'Put something in to start shopping.',
  basket: 'Your basket', basket_empty: 'Nothing in it yet.', items: ({ n }) => things(n),
  total: 'Total', tax: 'Tax included {money}', saved: 'You save {money}', each: 'each', kg: 'per kg', times: '{n} × {money}',
  added: 'Added', several: ({ n }) => `${things(n)} added`, removed: 'Taken out', changed: 'Changed', weighed: 'Weighed',
  promotion_gained: 'Offer applied', promotion_lost: 'Offer no longer applies', price_changed: 'New price',
  price_was: 'The shelf said {was}. Today it is {now}.', promo_was: '{name} needs more of these.', asking: 'Not sure yet',
  sure: 'The cart is sure', unsure: 'We are not sure about this', unsure_short: 'Not sure', unknown_item: 'New to the cart',
  why: 'Why?', wrong: 'That’s wrong', wrong_done: 'Thank you. We will look again.', remove: 'Take it off', close: 'Close', less: 'One less', more: 'One more',
  open_line: ({ name }) => `${name}: why, and change it`,
  why_weight_code: 'The cart felt {weight} and read the code {code}.', why_weight_read: 'The cart felt {weight} and read its code.', why_weight: 'The cart felt {weight} go in.', why_code: 'The code {code} was scanned.', why_read: 'Its code was scanned.',
  why_camera: ' The camera saw it too.', why_only_camera: 'The camera saw it go in.', why_none: 'You told the cart.', why_p: 'Sure to {p} of 100.',
  why_moment: 'The moment it went in',
  which: 'Which one did you put in?', which_hint: 'Any time is fine. Keep shopping.', rescan: 'Please scan this one', rescan_hint: 'Hold its barcode to the scanner. Any time is fine.',
  unknown: 'We do not know this one yet', unknown_hint: 'Scan it, look for it, or call someone.', else: 'Something else', nothing: 'Nothing', search: 'Search', call: 'Call someone',
  weigh: 'Weigh produce', weigh_pick: 'What would you like to weigh?', weigh_find: 'Name or number', weigh_none: 'Nothing found. Try another word.',
  place: 'Put it in the basket', hold: 'Hold still', done: 'Done', weigh_cancel: 'Not this one', weigh_at: '{money} per kg', counting: 'Weighing',
  pay: 'Pay', paying: 'Show this code at the till', paying_total: 'To pay', paying_note: 'The total stays as it is. Putting something in or taking something out changes it: go back to shopping first.',
  resume: 'Back to shopping', paid: 'Paid. Thank you!', paid_hint: 'Have a good day.', paid_total: 'Paid {money}',
  staff: 'Staff mode', staff_hint: 'Changes here are kept with the trip.', staff_done: 'Leave staff mode',
  help: 'Help', help_called: 'Someone is on the way', menu: 'Settings', member: 'Member prices', sound: 'Sound', theme: 'Screen', light: 'Light', dark: 'Dark', auto: 'Automatic',
  hand: 'Buttons for', left: 'Left hand', right: 'Right hand', languages: 'Language', on: 'On', off: 'Off', staff_enter: 'Staff',
  line_lost: 'Reconnecting. Your basket is safe.', not_taken: 'That did not arrive. Please tap again.',
  scanner_silent: 'Scanner is quiet. Keep shopping, the cart looks and weighs.', camera_dark: 'A camera is covered. Please keep the basket’s edge clear.',
  scale_unsteady: 'Scale is settling.', scale_overloaded: 'That is more than the scale can weigh.', scale_fault: 'Scale needs a look. Please scan each item.',
  network_none: 'No network. The cart works without it.', battery_low: 'Battery {n} %. Someone can swap the cart.',
  say_total: '{what}. Total {money}.', result: ({ n }) => things(n),
};
