// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// Todos los textos de la pantalla en español. Un texto es una cadena con {valor}, o una función de los valores.
const things = (n) => (n === 1 ? '1 artículo' : `${n} artículos`);

export default {
  locale: 'es-ES', dir: 'ltr', language: 'Español',
  welcome: 'Cuando quiera', welcome_hint: 'Escanee un artículo o métalo sin más.', welcome_start: 'Su cesta está vacía',
  idle: 'Hola', idle_hint: 'Meta algo para empezar a comprar.',
  basket: 'Su cesta', basket_empty: 'Todavía no hay nada.', items: ({ n }) => things(n),
  total: 'Total', tax: 'Impuestos incluidos {money}', saved: 'Ahorra {money}', each: 'unidad', kg: 'por kg', times: '{n} × {money}',
  added: 'Añadido', several: ({ n }) => `${things(n)} añadidos`, removed: 'Retirado', changed: 'Cambiado', weighed: 'Pesado',
  promotion_gained: 'Oferta aplicada', promotion_lost: 'La oferta ya no se aplica', price_changed: 'Precio nuevo',
  price_was: 'En el estante ponía {was}. Hoy cuesta {now}.', promo_was: 'Para {name} faltan unidades.', asking: 'Aún no es seguro',
  sure: 'El carro está seguro', unsure: 'No estamos seguros de esto', unsure_short: 'Por confirmar', unknown_item: 'Nuevo para el carro',
  why: '¿Por qué?', wrong: 'No es correcto', wrong_done: 'Gracias. Lo miraremos de nuevo.', remove: 'Quitar de la lista', close: 'Cerrar', less: 'Uno menos', more: 'Uno más',
  open_line: ({ name }) => `${name}: por qué, y cambiarlo`,
  why_weight_code: 'El carro notó {weight} y leyó el código {code}.', why_weight_read: 'El carro notó {weight} y leyó su código.', why_weight: 'El carro notó entrar {weight}.', why_code: 'Se escaneó el código {code}.', why_read: 'Se escaneó su código.',
  why_camera: ' La cámara también lo vio.', why_only_camera: 'La cámara lo vio entrar.', why_none: 'Usted se lo dijo al carro.', why_p: 'Seguro en {p} de 100.',
  why_moment: 'El momento en que entró',
  which: '¿Cuál ha metido?', which_hint: 'No hay prisa. Siga comprando.', rescan: 'Escanee este, por favor', rescan_hint: 'Acerque su código al lector. No hay prisa.',
  unknown: 'Este aún no lo conocemos', unknown_hint: 'Escanéelo, búsquelo o avise a alguien.', else: 'Otra cosa', nothing: 'Nada', search: 'Buscar', call: 'Avisar a alguien',
  weigh: 'Pesar fruta y verdura', weigh_pick: '¿Qué quiere pesar?', weigh_find: 'Nombre o número', weigh_none: 'No hay nada. Pruebe otra palabra.',
  place: 'Póngalo en la cesta', hold: 'No lo mueva', done: 'Listo', weigh_cancel: 'Este no', weigh_at: '{money} por kg', counting: 'Pesando',
  pay: 'Pagar', paying: 'Muestre este código en la caja', paying_total: 'A pagar', paying_note: 'El total no cambia. Meter o sacar algo lo cambia: vuelva antes a la compra.',
  resume: 'Volver a la compra', paid: 'Pagado. ¡Gracias!', paid_hint: 'Que tenga un buen día.', paid_total: 'Pagado {money}',
  staff: 'Modo personal', staff_hint: 'Los cambios se guardan con la compra.', staff_done: 'Salir del modo personal',
  help: 'Ayuda', help_called: 'Alguien viene de camino', menu: 'Ajustes', member: 'Precios de socio', sound: 'Sonido', theme: 'Pantalla', light: 'Clara', dark: 'Oscura', auto: 'Automática',
  hand: 'Botones para', left: 'Mano izquierda', right: 'Mano derecha', languages: 'Idioma', on: 'Sí', off: 'No', staff_enter: 'Personal',
  line_lost: 'Conectando de nuevo. Su cesta está a salvo.', not_taken: 'Eso no ha llegado. Toque otra vez, por favor.',
  scanner_silent: 'El lector no responde. Siga: el carro mira y pesa.', camera_dark: 'Una cámara está tapada. Deje libre el borde de la cesta.',
  scale_unsteady: 'La báscula se está asentando.', scale_overloaded: 'Es más de lo que puede pesar la báscula.', scale_fault: 'La báscula necesita revisión. Escanee cada artículo.',
  network_none: 'Sin red. El carro funciona igual.', battery_low: 'Batería {n} %. Le pueden cambiar el carro.',
  say_total: '{what}. Total {money}.', result: ({ n }) => things(n),
};
